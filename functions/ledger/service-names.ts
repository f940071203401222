/** What the directory of a service in an environment lists beside the service itself, and how that is written there. */
import type { Name } from "./store.ts";

/** Sets of components that were deployed by themselves, clusters, and databases. */
export type Listed = "part" | "cluster" | "database";

/** A name as it stands in the directory. */
export const listedAs = (what: Listed, name: string): string => `${what}:${name}`;

/** The names of one kind among all of a directory. */
export const namesOf = (names: readonly Name[], what: Listed): Pick<Name, "name" | "shown">[] => {
  const { length } = listedAs(what, "");
  return names
    .filter(({ name }) => name.startsWith(listedAs(what, "")))
    .map(({ name, shown }) => ({ name: name.slice(length), shown: shown.slice(length) }));
};
