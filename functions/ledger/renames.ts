/**
 * What image repositories were called. A rename moves every digest and tag of a repository at once: what was said
 * of it before stays as it was said, and is followed to the later name when it is read. From the rename on the old
 * name is another repository's, if anybody's; what already stood under the new name stays there.
 */
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { REPOSITORY_MAX } from "../../schemas/scalars.ts";
import { endOf, order } from "./canonical.ts";
import { all, EVER, type KnownAt } from "./fact-reader.ts";

/** A repository by the name that it had at a moment: a fact's order, or a time and with it all of that millisecond. */
export interface Named {
  readonly repository: string;
  readonly at: string;
}

/** All renames that were known, oldest first; `at` is their order. */
export type Renames = readonly (Pick<FactOf<"repository.renamed">, "from" | "to" | "scope"> & {
  at: string;
})[];
type Rename = Renames[number];

/** One request for each thousand renames (or megabyte) that were ever told. */
export async function renamesOf(knowledge: KnownAt): Promise<Renames> {
  const facts = await all(knowledge, { of: "renamed" });
  return facts.flatMap((fact) => (fact.kind === "repository.renamed" ? [{ ...fact, at: order(fact) }] : []));
}

/** A name after a rename. No registry takes a name that is too long, so nothing below a path came to have one. */
function after({ from, to, scope }: Rename, name: string): string {
  const isMoved = name === from || (scope === "path" && name.startsWith(`${from}/`));
  const moved = to + name.slice(from.length);
  return isMoved && moved.length <= REPOSITORY_MAX ? moved : name;
}

/** The names that became this one by a rename: itself, the moved one, or both. */
const before = (rename: Rename, name: string): string[] =>
  [...new Set([name, rename.from + name.slice(rename.to.length)])].filter(
    (one) => after(rename, one) === name,
  );

/** What a repository is called at a later moment: now, where none is given. */
export const nameAt = (renames: Renames, { repository, at }: Named, until = EVER): string =>
  renames
    .filter((rename) => rename.at > endOf(at) && rename.at < endOf(until))
    .reduce((name, rename) => after(rename, name), repository);

/** A repository as a fact names it. */
export const namedBy = (fact: Fact, repository: string): Named => ({ repository, at: order(fact) });

/** Whether one is what became of the other. */
export function areSame(renames: Renames, a: Named, b: Named): boolean {
  const [early, late] = endOf(a.at) < endOf(b.at) ? [a, b] : [b, a];
  return nameAt(renames, early, late.at) === late.repository;
}

/** A name while it was a repository's: of orders behind `after`, where that is given, up to `to`. */
export interface Span {
  readonly name: string;
  readonly after?: string;
  readonly to: string;
}

/** More names than any repository had: else a few renames of one path into another would make any number of them. */
const NAMES_MAX = 100;

/** Every name under which facts of a repository stand, up to the moment by which it is named; mostly this one alone. */
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
 * The repository that last had a name which it gave away; or undefined. Whoever asks by an old name means that one,
 * unless the name was taken again.
 */
export function formerOf(renames: Renames, name: string): Named | undefined {
  const rename = renames.findLast((one) => after(one, name) !== name);
  return rename && { repository: after(rename, name), at: rename.at };
}
