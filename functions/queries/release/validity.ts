/** Validity: since when and until when a release ran, by the facts before and after it that show something else. */
import type { Fact } from "../../../schemas/fact.ts";
import { byOrder, order } from "../../ledger/canonical.ts";
import { likeness } from "../images/image-graph.ts";
import type { Question } from "../question.ts";
import { configurationChanges, configurationOf } from "./configuration.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isObservation, isPart, type Observation } from "./effective-deployments.ts";
import { isLeftOut } from "./looks.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import {
  claimsAfter,
  type EffectiveDeployments,
  laterObservations,
  observations,
  prefetchClaimsAfter,
  type Selector,
  wholeServicePartitions,
} from "./running.ts";
import { matched } from "./slots.ts";
import type { Task } from "./tasks.ts";
import { nextUnannounced } from "./unannounced.ts";

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
  contributing: readonly Claim[],
  seen: readonly Observation[],
  other: Observation,
): boolean =>
  configurationChanges(configurationOf([...contributing, ...seen]), configurationOf([...contributing, other]))
    .length > 0;

/** Since when an observation shows what it shows, as far as it says. */
const beginOf = ({ since, occurredAt }: Observation): string => since ?? occurredAt;

/** Prefetches the facts that may end a release, because they do not depend on what ran. */
export function prefetchUntil(question: Question, selector: Selector): void {
  prefetchClaimsAfter(question, wholeServicePartitions(selector), question.at);
  question.store.prefetch(() => laterObservations(question, selector, question.at).next());
}

/** The later observations up to the next claim (or task that counts as one), and one after it that may know of what ran before that claim. */
async function* untilClaim(
  { selector, at, ...knowledge }: ResolveContext,
  claim: Claim | Task | undefined,
): AsyncGenerator<Observation> {
  for await (const fact of laterObservations(knowledge, selector, at)) {
    if (!isObservation(fact) || isPart(fact)) continue;
    const isLate = claim !== undefined && order(fact) > order(claim);
    if (!isLate || beginOf(fact) < claim.occurredAt) yield fact;
    if (isLate) return;
  }
}

/** When the release ended: at the next claim of any extent, or the next observation of another release. Null: not yet. */
export async function untilOf(
  context: ResolveContext,
  { running, shown, contributing, observation }: Reconciled,
): Promise<string | null> {
  const { selector, at } = context;
  const seen = observation === undefined ? [] : [observation];
  const partitions = [...wholeServicePartitions(selector), ...running.parts];
  const [claims, task] = await Promise.all([
    claimsAfter(context, partitions, at, running),
    running.isUnreported ? nextUnannounced(context, selector, running.tasks) : undefined,
  ]);
  const [next] = [...claims, ...(task === undefined ? [] : [task])].sort(byOrder);
  for await (const fact of untilClaim(context, next)) {
    const isChange =
      shown.length === 0 || (await changes(context, shown, fact)) || configures(contributing, seen, fact);
    if (isChange && !(await isLeftOut(context, running, fact)))
      return beginOf(fact) > at ? beginOf(fact) : fact.occurredAt;
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

/** The first observation since the newest claim that shows the current release; `broken`: one before it shows another. */
async function seenSince(
  context: ResolveContext,
  running: EffectiveDeployments,
  contributing: readonly Claim[],
  seen: Observation,
) {
  const { lastClaim } = running;
  let first = seen;
  for await (const fact of observations(context, context.selector, context.at)) {
    if (fact.kind !== "deployment.observed" || (lastClaim !== undefined && order(fact) < order(lastClaim)))
      break;
    if ((await isSeenIn(context, seen, fact)) && !configures(contributing, [seen], fact)) first = fact;
    else if (!(await isLeftOut(context, running, fact))) return { first, broken: true };
  }
  return { first, broken: false };
}

/**
 * When exactly this release began to run: equal to the `until` of the release before it. Null if unknown.
 * @param head see `headOf` in `release.ts`
 */
export async function sinceOf(
  context: ResolveContext,
  { running, shown, claimed, contributing, observation, drift }: Reconciled,
  head: Fact | undefined,
): Promise<string | null> {
  if (head === undefined) return null;
  if (shown.length === 0) return head.occurredAt;
  const claimedAt = running.lastClaim?.occurredAt;
  if (observation === undefined) return claimedAt ?? null;
  const { first, broken } = await seenSince(context, running, contributing, observation);
  if (claimedAt === undefined || broken) return latest(beginOf(first), claimedAt);
  const isAsClaimed =
    drift === null && !(await changes(context, claimed, first)) && !configures(contributing, [], first);
  return isAsClaimed ? claimedAt : latest(beginOf(first), claimedAt);
}

const latest = (a: string, b: string | undefined): string => (b !== undefined && b > a ? b : a);
