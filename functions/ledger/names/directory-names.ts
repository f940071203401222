/** Encoding of structured names in directories. */
import type { Fact } from "../../../schemas/fact.ts";
import { sha256 } from "../canonical.ts";
import type { Name } from "../store.ts";

/**
 * Kinds of names in a service's directory. `part`: a set of components that was deployed on its own; `tasks`: a deployer
 * whose tasks are reported.
 */
export type Listed = "part" | "cluster" | "database" | "tasks";

/** The name as the directory stores it. */
export const listedAs = (what: Listed, name: string): string => `${what}:${name}`;

/** The names of one kind, without their prefix. */
export const namesOf = (names: readonly Name[], what: Listed): Pick<Name, "name" | "shown">[] => {
  const { length } = listedAs(what, "");
  return names
    .filter(({ name }) => name.startsWith(listedAs(what, "")))
    .map(({ name, shown }) => ({ name: name.slice(length), shown: shown.slice(length) }));
};

/** A component and the digest that a task of it ran. */
export interface TaskShown {
  readonly component: string;
  readonly digest: string;
}

/** The name in the directory `tasks`. A digest contains no space, so the first space separates the two. */
export const taskName = ({ component, digest }: TaskShown): string => `${digest} ${component}`;

export function taskShown(name: string): TaskShown {
  const end = name.indexOf(" ");
  return { digest: name.slice(0, end), component: name.slice(end + 1) };
}

/** A service in an environment, or (without one) a whole environment. */
export interface PlaceNamed {
  readonly environment: string;
  readonly service?: string | undefined;
}

/** The name in the directory `frozen`. */
export const placeName = ({ environment, service }: PlaceNamed): string =>
  JSON.stringify(service === undefined ? [environment] : [environment, service]);

export function placeNamed(name: string): PlaceNamed {
  const [environment = "", service]: string[] = JSON.parse(name);
  return { environment, service };
}

/** Whether a component, by its folded name, may be in a set. */
export const mayName = (set: string, component: string): boolean =>
  !set.startsWith("[") || set.includes(JSON.stringify(component));

/** The image repositories that a fact names, each once. */
export function repositoriesIn(fact: Fact): string[] {
  const named = "components" in fact ? (fact.components ?? []).map(({ repository }) => repository) : [];
  const own = fact.kind.startsWith("artifact.") && "repository" in fact ? [fact.repository] : [];
  const described = fact.kind === "service.described" ? (fact.images ?? []) : [];
  const renamed = fact.kind === "repository.renamed" ? [fact.to] : [];
  return [...new Set([...named, ...own, ...described, ...renamed].filter((one) => one !== undefined))];
}

/** A sort key holds 1,024 bytes; a name of two long names may be longer, and sorts by its hash. `shown` has it whole. */
export const sortedAs = (name: string): string => (Buffer.byteLength(name) <= 1000 ? name : sha256(name));
