/** Since when a release ran, and until when: the facts on both sides of it that say something else. */
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

/** Whether an observation shows something else than what ran; what is not known is no difference. */
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

/** Reads what may end a release, for it does not depend on what ran. */
export const prefetchUntil = (question: Question, selector: Selector): void =>
  question.store.prefetch(
    () => claimsAfter(question, wholeServicePartitions(selector), question.at),
    () => laterObservations(question, selector, question.at).next(),
  );

/** When the next release took over: by a claim of any extent, or by an observation of something else. */
export async function untilOf(
  context: ResolveContext,
  { parts }: EffectiveDeployments,
  shown: readonly ResolvedComponent[],
): Promise<string | null> {
  const { selector, at } = context;
  const claims = await claimsAfter(context, [...wholeServicePartitions(selector), ...parts], at);
  const claim = claims.sort(byOrder)[0];
  for await (const fact of laterObservations(context, selector, at)) {
    if (claim !== undefined && order(fact) > order(claim)) break;
    if (fact.kind !== "deployment.observed" || fact.scope === "components") continue;
    if (shown.length === 0 || changes(shown, fact)) return fact.occurredAt;
  }
  return claim?.occurredAt ?? null;
}

/** Whether what was observed last had been observed before just so. */
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

/** How far back the runtime showed what it last showed, since the newest claim; and whether something else came before. */
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
 * When just this began to run, so that one answer's `since` is the `until` of the one before.
 * @param head the fact that gives what a release has only one of
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
