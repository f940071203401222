/** The history of a tag, newest first, under every name that its repository had. */
import type { Fact } from "../../../schemas/fact.ts";
import { byOrder, endOf, order } from "../../ledger/canonical.ts";
import { history, type KnownAt, type Pages } from "../../ledger/fact-reader.ts";
import { areSame, type Named, namedBy, type Renames, type Span, spansOf } from "../../ledger/renames.ts";

/** The digest that a tag points at after a fact about it, or undefined. */
export const pointsAt = (fact: Fact): string | undefined =>
  fact.kind === "artifact.pushed" || fact.kind === "artifact.restored" ? fact.digest : undefined;

/**
 * The fact that ended a tag: the first delete of the manifest that it points at, after the tag was set.
 * @param move the fact that set the tag
 * @param facts the facts about its digest, oldest first
 */
export function endOfTag(
  renames: Renames,
  repository: Named,
  move: Fact,
  facts: readonly Fact[],
): Fact | undefined {
  const digest = pointsAt(move);
  return facts.find(
    (fact) =>
      fact.kind === "artifact.deleted" &&
      fact.what === "manifest" &&
      fact.digest === digest &&
      byOrder(fact, move) > 0 &&
      areSame(renames, namedBy(fact, fact.repository), repository),
  );
}

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
    yield newest.head.value;
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
