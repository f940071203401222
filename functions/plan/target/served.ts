/** The images that receive traffic, of all variants, by component. */
import type { Release, ReleasedComponent } from "../../../schemas/answer.ts";
import { canonical } from "../../ledger/canonical.ts";
import { byComponent } from "../../queries/release/slots.ts";

/** What ran as a component: its image or, if that is not known, its commit. */
const ranAs = ({ digest, commit }: ReleasedComponent): string | null => digest ?? commit?.sha ?? null;

/** The entries of a component that have traffic; all of them if none has. */
const serving = (entries: readonly ReleasedComponent[]): readonly ReleasedComponent[] => {
  const found = entries.filter(({ weight }) => weight !== 0);
  return found.length === 0 ? entries : found;
};

/**
 * What serves, by folded name of the component, as text for comparison. The names of variants do not count: with blue and
 * green, or a canary that was promoted, one image serves under several of them.
 */
export const servedBy = ({ components }: Release): ReadonlyMap<string, string> =>
  new Map(
    [...byComponent(components)].map(([name, entries]) => [
      name,
      canonical([...new Set(serving(entries).map(ranAs))].sort()),
    ]),
  );

/** Whether two releases serve the same images. */
export const isServedAlike = (one: Release, other: Release): boolean =>
  canonical([...servedBy(one)].sort()) === canonical([...servedBy(other)].sort());

/** Whether different images of one component serve side by side, as while a canary runs. */
export const isMixture = ({ components }: Release): boolean =>
  [...byComponent(components).values()].some((entries) => new Set(serving(entries).map(ranAs)).size > 1);

/** Whether everything that served is known by its digest, or by its commit. */
export const isServedKnown = ({ components }: Release, byCommit: boolean): boolean =>
  components.every((one) => (byCommit ? ranAs(one) : one.digest) !== null);
