/** Delivery: DORA's four numbers of an environment or a service in a span, with the facts behind them. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import { DELIVERY_DEFINITIONS, type Delivery } from "../../../schemas/answers/delivery.ts";
import type { FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { all } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { knownName } from "../../ledger/names/directories.ts";
import { commitOf } from "../images/image-graph.ts";
import { type Question, questionOf } from "../question.ts";
import { allEntries } from "../timeline/events.ts";
import { type Beginning, isDeployment, numbersOf } from "./numbers.ts";

type Known = Omit<Question, "at">;

interface NamedCommit {
  readonly sha: string;
  readonly committedAt?: string | undefined;
}

/** The commits of the images that a deployment brought, else the commit that it names. */
async function commitsOf({ images }: Known, entry: TimelineEntry): Promise<NamedCommit[]> {
  const { components = [], brings, commit, committedAt } = entry;
  const digests = components
    .filter(({ component }) => brings === undefined || brings.includes(component))
    .flatMap(({ digest }) => digest ?? []);
  const families = await Promise.all([...new Set(digests)].map((digest) => images.family(digest)));
  const built = families.flatMap((family) => commitOf(family).build?.commit ?? []);
  const named = commit === undefined ? [] : [{ sha: commit, committedAt }];
  // The deployment may know the time of the very commit whose build does not.
  return (built.length === 0 ? named : built).map(({ sha, committedAt: at }) => ({
    sha,
    committedAt: at ?? (commit !== undefined && isSameCommit(commit, sha) ? committedAt : undefined),
  }));
}

const isMerge = (fact: { readonly kind: string }): fact is FactOf<"change.merged"> =>
  fact.kind === "change.merged";

/** When a commit began: when it was written, else when its change was merged; undefined if nobody says. */
async function beginningOf(known: Known, { sha, committedAt }: NamedCommit): Promise<Beginning | undefined> {
  if (committedAt !== undefined) return { sha, at: committedAt, from: "commit" };
  const facts = await all(known, { of: "commit", prefix: commitPrefix(sha), aspect: "merged" });
  const merges = facts.filter(isMerge).filter(({ mergeCommit }) => isSameCommit(mergeCommit, sha));
  const [first] = merges.map(({ occurredAt }) => occurredAt).sort();
  return first === undefined ? undefined : { sha, at: first, from: "merge" };
}

/** The oldest commit that a deployment brought: that one waited longest. */
async function oldestOf(known: Known, entry: TimelineEntry): Promise<Beginning | undefined> {
  const commits = await commitsOf(known, entry);
  const beginnings = await Promise.all(commits.map((commit) => beginningOf(known, commit)));
  // With a commit of unknown time, another one might not be the oldest.
  const found = beginnings.filter((one) => one !== undefined);
  return found.length < commits.length ? undefined : found.sort(by(({ at }) => at))[0];
}

export interface Stretch {
  readonly environment: string;
  readonly service?: string | undefined;
  readonly from: string;
  readonly to: string;
}

/**
 * Answers with the numbers of a span, both ends inclusive; undefined if the environment, or the service in it, is unknown.
 * It reads the timeline of the span, and each image that was deployed in it once.
 */
export async function delivery(asked: Omit<AsOf, "at">, stretch: Stretch): Promise<Delivery | undefined> {
  const known = questionOf(asked);
  const { environment, service, from, to } = stretch;
  const place = fold(environment);
  const [isKnown, isServiceKnown] = await Promise.all([
    knownName(known, { of: "environments" }, place),
    service === undefined || knownName(known, { of: "services", environment: place }, fold(service)),
  ]);
  if (isKnown === undefined || isServiceKnown === undefined) return undefined;
  const entries = await allEntries(known, place, { from, to });
  const changes = entries.filter(isDeployment).filter(({ rollback }) => rollback !== true);
  const found = await mapLimit(
    AT_ONCE,
    changes,
    async (entry) => [entry, await oldestOf(known, entry)] as const,
  );
  const beginnings = new Map(
    found.flatMap(([entry, beginning]) => (beginning === undefined ? [] : [[entry, beginning] as const])),
  );
  return {
    environment,
    ...(service === undefined ? {} : { service }),
    from,
    to,
    knownAt: known.knownAt,
    settled: isSettled(known),
    definitions: DELIVERY_DEFINITIONS,
    ...numbersOf(entries, beginnings, stretch),
  };
}
