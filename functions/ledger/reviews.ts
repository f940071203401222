/** Reviews of changes that took effect already. The reviews of one change are numbered, so each is found by its identity. */
import type { FactOf } from "../../schemas/fact.ts";
import { retractionId } from "./append.ts";
import type { Reads } from "./loader.ts";
import type { Identity } from "./store.ts";

export type Review = FactOf<"change.reviewed">;

export const REVIEWS = "/asof/reviews";

/** The id of a change's review. @param n from 1 */
export const reviewId = (change: Identity, n: number): string => `${retractionId(change)}/${n}`;

const keyOf = ({ source, id }: Identity): string => `${source} ${id}`;

/**
 * All reviews of each change that were known at a time, oldest first, by the change's source and id; changes without one
 * are missing. Retracted reviews are among them. Cost: one request for each number that any of the changes has, and one.
 */
async function numbered(
  store: Pick<Reads, "get">,
  changes: readonly Identity[],
  knownAt: string,
): Promise<Map<string, Review[]>> {
  const found = new Map<string, Review[]>();
  let asked = changes;
  for (let n = 1; asked.length > 0; n++) {
    const facts = await store.get(asked.map((change) => ({ source: REVIEWS, id: reviewId(change, n) })));
    const reviews = facts.flatMap((fact) =>
      fact.kind === "change.reviewed" && fact.recordedAt <= knownAt ? [fact] : [],
    );
    for (const one of reviews) found.set(keyOf(one.target), [...(found.get(keyOf(one.target)) ?? []), one]);
    asked = reviews.map(({ target }) => target);
  }
  return found;
}

/** The newest review of each change that was known and not retracted, by the change's source and id. */
export async function newestReviews(
  store: Pick<Reads, "get">,
  changes: readonly Identity[],
  knownAt: string,
): Promise<Map<string, Review>> {
  const all = await numbered(store, changes, knownAt);
  const reviews = [...all.values()].flat();
  const facts =
    reviews.length === 0
      ? []
      : await store.get(reviews.map((one) => ({ source: "/asof/retractions", id: retractionId(one) })));
  const retracted = new Set(
    facts.flatMap((fact) =>
      fact.kind === "fact.retracted" && fact.recordedAt <= knownAt ? [keyOf(fact.target)] : [],
    ),
  );
  return new Map(
    [...all].flatMap(([change, some]): [string, Review][] => {
      const newest = some.findLast((one) => !retracted.has(keyOf(one)));
      return newest === undefined ? [] : [[change, newest]];
    }),
  );
}

/** The reviews of one change, oldest first, retracted ones too. */
export const reviewsOf = async (store: Pick<Reads, "get">, change: Identity): Promise<readonly Review[]> =>
  (await numbered(store, [change], "9999-12-31T23:59:59.999Z")).get(keyOf(change)) ?? [];
