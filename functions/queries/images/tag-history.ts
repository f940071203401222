/** The history of a tag, newest first, under every name that its repository had. */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { byOrder, endOf, order } from "../../ledger/canonical.ts";
import { history, type KnownAt, type Pages } from "../../ledger/fact-reader.ts";
import {
  areSame,
  type Named,
  namedBy,
  type Renames,
  type Span,
  spansOf,
} from "../../ledger/names/renames.ts";

/** The digest that a tag points at after a fact about it, or undefined. */
export const pointsAt = (fact: Fact): string | undefined =>
  fact.kind === "artifact.pushed" || fact.kind === "artifact.restored" ? fact.digest : undefined;

/** The digest whose manifest decides about a tag after a fact about it: the one it points at, or pointed at. */
export const manifestOf = (fact: Fact): string | undefined =>
  fact.kind === "artifact.deleted" && fact.what === "manifest" ? fact.digest : pointsAt(fact);

const isDeletion = (fact: Fact): fact is FactOf<"artifact.deleted"> =>
  fact.kind === "artifact.deleted" && fact.what === "manifest" && fact.archived === undefined;
const isRestoration = (fact: Fact): fact is FactOf<"artifact.restored"> =>
  fact.kind === "artifact.restored" && fact.what !== "tag";

/**
 * The deletes and restores of the manifest that decides about a tag, after a fact about the tag, oldest first. An
 * archived manifest keeps its tags, so archiving is none of them.
 * @param facts the facts about that digest
 */
export function changesOfManifest(
  renames: Renames,
  repository: Named,
  move: Fact,
  facts: readonly Fact[],
): Fact[] {
  const digest = manifestOf(move);
  return facts
    .filter(
      (fact) =>
        (isDeletion(fact) || isRestoration(fact)) &&
        fact.digest === digest &&
        byOrder(fact, move) > 0 &&
        areSame(renames, namedBy(fact, fact.repository), repository),
    )
    .sort(byOrder);
}

/**
 * What a tag points at, and the fact that made it so: a delete of the manifest ends the tag, and a restore lets it
 * stand again.
 * @param move the newest fact about the tag
 * @param changes of its manifest, see `changesOfManifest`
 */
export function stateOfTag(move: Fact, changes: readonly Fact[]): { digest: string | undefined; by: Fact } {
  const manifest = manifestOf(move);
  let state = { digest: pointsAt(move), by: move };
  for (const by of changes) {
    const digest = by.kind === "artifact.restored" ? manifest : undefined;
    if (digest !== state.digest) state = { digest, by };
  }
  return state;
}

/** Archiving a manifest leaves its tags where they are, also where the report of it names one. */
const isMove = (fact: Fact): boolean => fact.kind !== "artifact.deleted" || fact.archived !== true;

/** Merges histories, each newest first. Their first pages are read concurrently. */
async function* merged(histories: readonly AsyncGenerator<Fact>[]): AsyncGenerator<Fact> {
  const heads = await Promise.all(histories.map(async (facts) => ({ facts, head: await facts.next() })));
  for (;;) {
    const newest = heads.reduce<(typeof heads)[number] | undefined>(
      (a, b) =>
        b.head.done === true || (a?.head.done === false && order(a.head.value) > order(b.head.value)) ? a : b,
      undefined,
    );
    if (newest?.head.done !== false) return;
    if (isMove(newest.head.value)) yield newest.head.value;
    newest.head = await newest.facts.next();
  }
}

/** The facts about a tag up to the time `to`, newest first, under every name that the repository had. */
export function movesOf(
  knowledge: KnownAt,
  renames: Renames,
  named: Named,
  tag: string,
  to: string,
  sizes?: Pages,
): AsyncGenerator<Fact> {
  const reading = ({ name, after, to: ended }: Span) =>
    history(
      knowledge,
      { of: "tag", repository: name, tag },
      // Bounds are prefixes: compare their ends.
      {
        ...(after === undefined ? {} : { after }),
        to: endOf(ended) < endOf(to) ? ended : to,
        descending: true,
      },
      sizes,
    );
  return merged(spansOf(renames, named).map(reading));
}
