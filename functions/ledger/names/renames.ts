/**
 * Renames of image repositories. A rename moves every digest and tag of a repository at once. Earlier facts keep the old
 * name; readers translate it to the later one. After the rename the old name is free, and may name another repository.
 * Images that already were under the new name stay there.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { REPOSITORY_MAX } from "../../../schemas/scalars.ts";
import { endOf, order } from "../canonical.ts";
import { all, EVER, type KnownAt } from "../fact-reader.ts";

/** A repository by its name at a moment. `at` is a fact's sort key, or a time, which includes all of its millisecond. */
export interface Named {
  readonly repository: string;
  readonly at: string;
}

/** All known renames, oldest first; `at` is the sort key. */
export type Renames = readonly (Pick<FactOf<"repository.renamed">, "from" | "to" | "scope"> & {
  at: string;
})[];
type Rename = Renames[number];

/** Loads all renames: one request for each thousand of them (or megabyte). */
export async function renamesOf(knowledge: KnownAt): Promise<Renames> {
  const facts = await all(knowledge, { of: "renamed" });
  return facts.flatMap((fact) => (fact.kind === "repository.renamed" ? [{ ...fact, at: order(fact) }] : []));
}

/** A name after a rename. Unchanged if the new name would be too long, because registries reject such names. */
function after({ from, to, scope }: Rename, name: string): string {
  const isMoved = name === from || (scope === "path" && name.startsWith(`${from}/`));
  const moved = to + name.slice(from.length);
  return isMoved && moved.length <= REPOSITORY_MAX ? moved : name;
}

/** The names that a rename turned into this one: the name itself, the moved one, or both. */
const before = (rename: Rename, name: string): string[] =>
  [...new Set([name, rename.from + name.slice(rename.to.length)])].filter(
    (one) => after(rename, one) === name,
  );

/** The name of a repository at a later moment; its current name by default. */
export const nameAt = (renames: Renames, { repository, at }: Named, until = EVER): string =>
  renames
    .filter((rename) => rename.at > endOf(at) && rename.at < endOf(until))
    .reduce((name, rename) => after(rename, name), repository);

/** The repository that a fact names. */
export const namedBy = (fact: Fact, repository: string): Named => ({ repository, at: order(fact) });

/** Whether both name the same repository. */
export function areSame(renames: Renames, a: Named, b: Named): boolean {
  const [early, late] = endOf(a.at) < endOf(b.at) ? [a, b] : [b, a];
  return nameAt(renames, early, late.at) === late.repository;
}

/** A name of a repository and the span in which it had it: after the sort key `after` (if given), up to `to`. */
export interface Span {
  readonly name: string;
  readonly after?: string;
  readonly to: string;
}

/** An upper bound: a few renames of nested paths could otherwise yield any number of names. */
const NAMES_MAX = 100;

/** Every name under which facts of a repository are recorded, up to `at`; usually just this one. */
export function spansOf(renames: Renames, { repository, at }: Named): Span[] {
  const ended: Span[] = [];
  let names: Span[] = [{ name: repository, to: at }];
  for (const rename of renames.filter((one) => one.at < endOf(at)).toReversed()) {
    const given = names.filter(({ name }) => after(rename, name) !== name);
    ended.push(...given.map((span) => ({ ...span, after: rename.at })));
    names = names
      .flatMap(({ name, to }) =>
        before(rename, name).map((one) => ({ name: one, to: one === name ? to : rename.at })),
      )
      .slice(0, NAMES_MAX);
  }
  return [...ended, ...names].slice(0, NAMES_MAX);
}

/**
 * The repository that last gave up a name by a rename; or undefined. A question by an old name means that repository,
 * unless the name is in use again.
 */
export function formerOf(renames: Renames, name: string): Named | undefined {
  const rename = renames.findLast((one) => after(one, name) !== name);
  return rename && { repository: after(rename, name), at: rename.at };
}
