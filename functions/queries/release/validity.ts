/** Validity: since when and until when a release ran, by the facts before and after it that show something else. */

import type { Fact } from "../../../schemas/fact.ts";
import { byOrder, order } from "../../ledger/canonical.ts";
import { likeness } from "../images/image-graph.ts";
import type { Question, Selector } from "../question.ts";
import { configurationChanges, configurationOf } from "./configuration.ts";
import {
  claimsAfter,
  type EffectiveDeployments,
  laterObservations,
  observations,
  prefetchClaimsAfter,
  wholeServicePartitions,
} from "./deployment-reader.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isObservation, type Observation } from "./effective-deployments.ts";
import { beginOf, isLeftOut, viewsAfter } from "./effective-observation.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { matched } from "./slots.ts";
import { nextUnannounced } from "./unannounced-deployments.ts";

/** Whether an observation shows other images than those that ran. Unknown images do not count as different. */
async function changes(
  { images }: ResolveContext,
  shown: readonly ResolvedComponent[],
  { components }: Observation,
): Promise<boolean> {
  const running = shown.map(({ resolution: { stated, digest }, family }) => {
    const { component, variant, otherDigests, digestOf } = stated;
    return { component, variant, digest, otherDigests, digestOf, members: family?.members ?? NONE };
  });
  const pairs = matched(running, components);
  if (pairs === undefined) return true;
  const likenesses = await Promise.all(pairs.map(([one, seen]) => likeness(images, one, seen, one.members)));
  return likenesses.includes("other");
}

/** Whether another observation leaves another configuration in effect. */
const configures = (
  configuring: readonly Claim[],
  seen: readonly Observation[],
  other: Observation,
): boolean =>
  configurationChanges(configurationOf([...configuring, ...seen]), configurationOf([...configuring, other]))
    .length > 0;

/** Prefetches the facts that may end a release, because they do not depend on what ran. */
export function prefetchUntil(question: Question, selector: Selector): void {
  prefetchClaimsAfter(question, wholeServicePartitions(selector), question.at);
  question.store.prefetch(() => laterObservations(question, selector, question.at).next());
}

/** When the release ended: at the next claim of any extent, or the next observation of another release. Null: not yet. */
export async function untilOf(
  context: ResolveContext,
  { running, shown, configuring, observation }: Reconciled,
): Promise<string | null> {
  const { selector, at } = context;
  const seen = observation === undefined ? [] : [observation];
  const partitions = [...wholeServicePartitions(selector), ...running.parts];
  const [claims, task] = await Promise.all([
    claimsAfter(context, partitions, at, running),
    running.isUnreported ? nextUnannounced(context, selector, running.tasks) : undefined,
  ]);
  const [next] = [...claims, ...(task === undefined ? [] : [task])].sort(byOrder);
  for await (const { look, from } of viewsAfter(context, running)) {
    if (next !== undefined && from >= next.occurredAt) break;
    const isOther = shown.length === 0 || (await changes(context, shown, look));
    if (isOther || configures(configuring, seen, look)) return from;
  }
  return next?.occurredAt ?? null;
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
    return likeness(images, one, seen, members);
  });
  return pairs !== undefined && (await Promise.all(likenesses)).every((one) => one === "same");
}
const NONE: ReadonlySet<string> = new Set();

/** The observations since the newest claim that show the current release without a break. */
interface Row {
  readonly first: Observation;
  /** Since when they speak. */
  readonly since: string;
  /** Whether one before them shows another. */
  readonly broken: boolean;
}

/** The observations since the newest claim that count, newest first, and whether they show the current release. */
async function* countedBefore(
  context: ResolveContext,
  running: EffectiveDeployments,
  configuring: readonly Claim[],
  seen: Observation,
): AsyncGenerator<{ fact: Observation; isSame: boolean }> {
  const { lastClaim } = running;
  for await (const fact of observations(context, context.selector, context.at)) {
    if (!isObservation(fact) || (lastClaim !== undefined && order(fact) < order(lastClaim))) return;
    // A newer one was left out.
    if (order(fact) > order(seen)) continue;
    const isSame = (await isSeenIn(context, seen, fact)) && !configures(configuring, [seen], fact);
    if (isSame || !(await isLeftOut(context, running, fact))) yield { fact, isSame };
  }
}

async function seenSince(
  context: ResolveContext,
  running: EffectiveDeployments,
  configuring: readonly Claim[],
  seen: Observation,
): Promise<Row> {
  let first = seen;
  // At the time of `first` an older state was seen, too: it ran until that of `first` began, unless somebody looked later.
  let isAfterOlder = false;
  for await (const { fact, isSame } of countedBefore(context, running, configuring, seen)) {
    const isBefore = fact.occurredAt < first.occurredAt;
    if (isAfterOlder && !isBefore) continue;
    if (isAfterOlder && fact.occurredAt < beginOf(first)) break;
    isAfterOlder = false;
    if (isSame) first = fact;
    else if (isBefore) return { first, since: latest(beginOf(first), fact.occurredAt), broken: true };
    else isAfterOlder = beginOf(fact) < beginOf(first);
  }
  return { first, since: beginOf(first), broken: isAfterOlder };
}

/**
 * When exactly this release began to run: equal to the `until` of the release before it. Null if unknown.
 * @param head see `headOf` in `release.ts`
 */
export async function sinceOf(
  context: ResolveContext,
  { running, shown, claimed, configuring, contradicted, observation }: Reconciled,
  head: Fact | undefined,
): Promise<string | null> {
  if (head === undefined) return null;
  if (shown.length === 0) return head.occurredAt;
  const claimedAt = running.lastClaim?.occurredAt;
  if (observation === undefined) return claimedAt ?? null;
  const { first, since, broken } = await seenSince(context, running, configuring, observation);
  if (claimedAt === undefined || broken) return latest(since, claimedAt);
  const isAsClaimed =
    contradicted === undefined &&
    !(await changes(context, claimed, first)) &&
    !configures(configuring, [], first);
  return isAsClaimed ? claimedAt : latest(since, claimedAt);
}

const latest = (a: string, b: string | undefined): string => (b !== undefined && b > a ? b : a);
