/** Answers what a tag pointed at, with its history. */
import type { TagAnswer } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { all, EVER, ONE } from "../../ledger/fact-reader.ts";
import { take } from "../../ledger/names/directories.ts";
import { formerOf, type Named, nameAt, type Renames } from "../../ledger/names/renames.ts";
import { disputeWarnings } from "../disputes.ts";
import { questionOf } from "../question.ts";
import { isArchivedIn } from "./image-graph.ts";
import { changesOfManifest, manifestOf, movesOf, pointsAt, stateOfTag } from "./tag-history.ts";

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

/** The facts about a manifest by this moment. */
const factsAbout = (moment: AsOf, digest: string): Promise<Fact[]> =>
  all(moment, { of: "digest", digest, aspect: "image" }, { to: moment.at });

type State = Pick<TagAnswer, "status" | "digest" | "since" | "archived">;

/**
 * @param moves of the tag by then, newest first
 * @param facts about the manifest of the newest
 */
function stateOf(renames: Renames, repository: Named, moves: readonly Move[], facts: readonly Fact[]): State {
  const [last] = moves;
  if (last === undefined) return { status: "unknown", digest: null, since: null };
  const { digest, by } = stateOfTag(last, changesOfManifest(renames, repository, last, facts));
  if (digest === undefined) {
    // A tag that was restored without a digest points at something unknown.
    const status = by.kind === "artifact.deleted" ? "gone" : "unknown";
    return { status, digest: null, since: by.occurredAt };
  }
  const archived = isArchivedIn(renames, facts, digest, repository) ? { archived: true as const } : {};
  if (by !== last) return { status: "set", digest, since: by.occurredAt, ...archived };
  const other = moves.findIndex((move) => pointsAt(move) !== digest);
  const first = moves.at(other === -1 ? moves.length - 1 : other - 1);
  return { status: "set", digest, since: first?.occurredAt ?? null, ...archived };
}

/**
 * Answers with what a tag pointed at, by the same rule as releases, under every name that its repository had. A former name
 * means the repository that had it, unless another repository now has this tag under that name. Undefined if the tag is
 * unknown.
 */
export async function tag(moment: AsOf, { repository: asked, tag }: Tag): Promise<TagAnswer | undefined> {
  const question = questionOf(moment);
  const renames = await question.images.renames();
  const present = { repository: asked, at: EVER };
  const former = formerOf(renames, asked);
  const found = await tagOf(question, renames, present, tag);
  if (found !== undefined || former === undefined) return found;
  return tagOf(question, renames, { repository: nameAt(renames, former), at: EVER }, tag);
}

async function tagOf(
  moment: AsOf,
  renames: Renames,
  named: Named,
  tag: string,
): Promise<TagAnswer | undefined> {
  const [newest, { taken, more }] = await Promise.all([
    movesOf(moment, renames, named, tag, EVER, ONE).next(),
    take(movesOf(moment, renames, named, tag, moment.at), HISTORY_MAX),
  ]);
  if (newest.done === true) return undefined;
  const moves = taken.filter(isMove);
  const manifest = moves[0] === undefined ? undefined : manifestOf(moves[0]);
  const facts = manifest === undefined ? [] : await factsAbout(moment, manifest);
  const disputed = disputeWarnings([...moves, ...facts]);
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    repository: named.repository,
    tag,
    ...stateOf(renames, named, moves, facts),
    history: moves.map((move) => ({
      at: move.occurredAt,
      what: WHAT[move.kind],
      digest: move.digest ?? null,
      fact: { source: move.source, id: move.id },
    })),
    more,
    ...(disputed.length === 0 ? {} : { warnings: disputed }),
  };
}
