/** What a tag pointed at, and how it moved. */
import type { TagAnswer } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { order } from "./canonical.ts";
import { take } from "./directory.ts";
import { pointsAt } from "./images.ts";
import { isSettled, type Moment } from "./moment.ts";
import { all, EVER, history, newest } from "./read.ts";

const HISTORY_MAX = 100;

const WHAT = {
  "artifact.pushed": "pushed",
  "artifact.deleted": "deleted",
  "artifact.restored": "restored",
} as const;

type Move = FactOf<keyof typeof WHAT>;
const isMove = (fact: Fact): fact is Move => fact.kind in WHAT;

export interface Tag {
  readonly repository: string;
  readonly tag: string;
}

/** The delete of a manifest that ended what a tag pointed at: the first one after the tag was set. */
async function endOf(
  moment: Moment,
  repository: string,
  digest: string,
  last: Move,
): Promise<Fact | undefined> {
  const facts = await all(moment, { of: "digest", digest, aspect: "image" });
  return facts.find(
    (fact) =>
      fact.kind === "artifact.deleted" &&
      fact.what === "manifest" &&
      fact.digest === digest &&
      fact.repository === repository &&
      order(fact) > order(last) &&
      fact.occurredAt <= moment.at,
  );
}

type State = Pick<TagAnswer, "status" | "digest" | "since">;

/** @param moves of the tag by then, newest first */
async function stateOf(moment: Moment, repository: string, moves: readonly Move[]): Promise<State> {
  const [last] = moves;
  if (last === undefined) return { status: "unknown", digest: null, since: null };
  const digest = pointsAt(last);
  if (digest === undefined) {
    // A tag that was restored without saying to what points at something nobody knows.
    const status = last.kind === "artifact.deleted" ? "gone" : "unknown";
    return { status, digest: null, since: last.occurredAt };
  }
  const end = await endOf(moment, repository, digest, last);
  if (end !== undefined) return { status: "gone", digest: null, since: end.occurredAt };
  const other = moves.findIndex((move) => pointsAt(move) !== digest);
  const first = moves.at(other === -1 ? moves.length - 1 : other - 1);
  return { status: "set", digest, since: first?.occurredAt ?? null };
}

/** Answers with what a tag pointed at, by the rule that releases go by. `undefined`: a tag never heard of. */
export async function tag(moment: Moment, { repository, tag }: Tag): Promise<TagAnswer | undefined> {
  const partition = { of: "tag", repository, tag } as const;
  const [heard, { taken, more }] = await Promise.all([
    newest(moment, partition, EVER),
    take(history(moment, partition, { to: moment.at, descending: true }), HISTORY_MAX),
  ]);
  if (heard === undefined) return undefined;
  const moves = taken.filter(isMove);
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    repository,
    tag,
    ...(await stateOf(moment, repository, moves)),
    history: moves.map((move) => ({
      at: move.occurredAt,
      what: WHAT[move.kind],
      digest: move.digest ?? null,
      fact: { source: move.source, id: move.id },
    })),
    more,
  };
}
