/** Validity: since when and until when a release ran, by the facts before and after it that show something else. */
import type { Fact } from "../../../schemas/fact.ts";
import { byOrder, order } from "../../ledger/canonical.ts";
import { history, type KnownAt } from "../../ledger/fact-reader.ts";
import { likeness } from "../images/image-graph.ts";
import type { Question } from "../question.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { Observation } from "./effective-deployments.ts";
import type { Reconciled, ResolvedComponent } from "./reconcile.ts";
import {
  claimsAfter,
  type EffectiveDeployments,
  observations,
  type Selector,
  wholeServicePartitions,
} from "./running.ts";
import { matched } from "./slots.ts";
import { nextUnannounced } from "./unannounced.ts";

/** Whether an observation shows other images than those that ran. Unknown images do not count as different. */
function changes(shown: readonly ResolvedComponent[], { components }: Observation): boolean {
  const running = shown.map(({ resolution: { stated, digest }, family }) => {
    const { component, variant } = stated;
    return { component, variant, digest, members: family?.members ?? new Set<string>() };
  });
  const pairs = matched(running, components);
  return pairs === undefined || pairs.some(([one, seen]) => likeness(one, seen, one.members) === "other");
}

const laterObservations = (knowledge: KnownAt, selector: Selector, at: string): AsyncGenerator<Fact> =>
  history(knowledge, { of: "observed", ...selector }, { after: at });

/** Prefetches the facts that may end a release, because they do not depend on what ran. */
export const prefetchUntil = (question: Question, selector: Selector): void =>
  question.store.prefetch(
    () => claimsAfter(question, wholeServicePartitions(selector), question.at),
    () => laterObservations(question, selector, question.at).next(),
  );

/** When the release ended: at the next claim of any extent, or the next observation of other images. Null: not yet. */
export async function untilOf(
  context: ResolveContext,
  { parts, isUnreported, observation }: EffectiveDeployments,
  shown: readonly ResolvedComponent[],
): Promise<string | null> {
  const { selector, at } = context;
  const claims = await claimsAfter(context, [...wholeServicePartitions(selector), ...parts], at);
  const task = isUnreported ? await nextUnannounced(context, selector, observation) : undefined;
  const claim = [...claims, ...(task === undefined ? [] : [task])].sort(byOrder)[0];
  for await (const fact of laterObservations(context, selector, at)) {
    if (claim !== undefined && order(fact) > order(claim)) break;
    if (fact.kind !== "deployment.observed" || fact.scope === "components") continue;
    if (shown.length === 0 || changes(shown, fact)) return fact.occurredAt;
  }
  return claim?.occurredAt ?? null;
}

/** Whether an earlier observation shows the same images as the newest one. */
async function isSeenIn(
  { images }: ResolveContext,
  last: Observation,
  earlier: Observation,
): Promise<boolean> {
  const pairs = matched(earlier.components, last.components);
  const likenesses = (pairs ?? []).map(async ([one, seen]) => {
    const { members } = seen.digest === undefined ? { members: NONE } : await images.family(seen.digest);
    return likeness(one, seen, members);
  });
  return pairs !== undefined && (await Promise.all(likenesses)).every((one) => one === "same");
}
const NONE: ReadonlySet<string> = new Set();

/** The first observation since the newest claim that shows the current images; `broken`: one before it shows others. */
async function seenSince(context: ResolveContext, { lastClaim }: EffectiveDeployments, seen: Observation) {
  let first = seen;
  for await (const fact of observations(context, context.selector, context.at)) {
    if (fact.kind !== "deployment.observed" || (lastClaim !== undefined && order(fact) < order(lastClaim)))
      break;
    if (!(await isSeenIn(context, seen, fact))) return { first, broken: true };
    first = fact;
  }
  return { first, broken: false };
}

/**
 * When exactly this release began to run: equal to the `until` of the release before it. Null if unknown.
 * @param head see `headOf` in `release.ts`
 */
export async function sinceOf(
  context: ResolveContext,
  running: EffectiveDeployments,
  { shown, claimed, observation, drift }: Reconciled,
  head: Fact | undefined,
): Promise<string | null> {
  if (head === undefined) return null;
  if (shown.length === 0) return head.occurredAt;
  const claimedAt = running.lastClaim?.occurredAt;
  if (observation === undefined) return claimedAt ?? null;
  const { first, broken } = await seenSince(context, running, observation);
  if (claimedAt === undefined || broken) return latest(first.occurredAt, claimedAt);
  const isAsClaimed = drift === null && !changes(claimed, first);
  return isAsClaimed ? claimedAt : latest(first.occurredAt, claimedAt);
}

const latest = (a: string, b: string | undefined): string => (b !== undefined && b > a ? b : a);
