/** Directories whose names say more than one thing, and how that is written in them. */
import type { Name } from "./store.ts";

/** Beside the service itself: sets of components that were deployed by themselves, clusters and databases. */
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

/** A component that a task of a run showed, and its digest. */
export interface TaskShown {
  readonly component: string;
  readonly digest: string;
}

/** How the directory of a run's tasks lists it; a digest holds no space. */
export const taskName = ({ component, digest }: TaskShown): string => `${digest} ${component}`;

export function taskShown(name: string): TaskShown {
  const end = name.indexOf(" ");
  return { digest: name.slice(0, end), component: name.slice(end + 1) };
}
