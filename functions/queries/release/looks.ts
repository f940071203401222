/**
 * Looks: which observation speaks for a moment. After a deployment a rollout takes some time: an observation within this
 * grace that still shows what ran before is left out, as if nobody had looked.
 */
import { justBefore } from "../../ledger/as-of.ts";
import { order } from "../../ledger/canonical.ts";
import type { Question } from "../question.ts";
import { describedAt, ownImagesOf } from "../service-description.ts";
import { isAmong } from "./agreement.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isClaim, isObservation, type Observation } from "./effective-deployments.ts";
import { type Reconciled, reconcileWith } from "./reconcile.ts";
import { showClaimed, showObserved } from "./resolved-component.ts";
import {
  type EffectiveDeployments,
  effectiveDeploymentsAt,
  looksAt,
  observations,
  type Selector,
  seenBy,
} from "./running.ts";
import { byComponent } from "./slots.ts";

/** A rollout may end this long after its deployment was reported. */
const GRACE_MS = 5 * 60_000;

export const isInGrace = (look: Observation, claim: Claim): boolean =>
  order(look) > order(claim) && Date.parse(look.occurredAt) - Date.parse(claim.occurredAt) < GRACE_MS;

/** Reconciles the claims with the best observation that is no remainder of a rollout. */
export async function reconcile(context: ResolveContext, running: EffectiveDeployments): Promise<Reconciled> {
  for await (const look of looksAt(context, context.selector, context.at)) {
    const reconciled = await reconcileWith(context, seenBy(running, look));
    if (!(await isRemainder(context, reconciled, look))) return reconciled;
  }
  return reconcileWith(context, seenBy(running, running.tasks));
}

async function contextAt(asked: Omit<Question, "at">, selector: Selector, at: string) {
  const question = { ...asked, at };
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, at),
    describedAt(question, selector.service, at),
    question.images.renames(),
  ]);
  return { running, context: { ...question, selector, ownImages: ownImagesOf(description) } };
}

/** The drift at a moment alone, for callers that need nothing else of the release. */
export async function driftAt(
  asked: Omit<Question, "at">,
  selector: Selector,
  at: string,
): Promise<Reconciled["drift"]> {
  const { running, context } = await contextAt(asked, selector, at);
  return (await reconcile(context, running)).drift;
}

/** Whether an observation is left out at its own time. */
export async function isLeftOutThen(
  asked: Omit<Question, "at">,
  selector: Selector,
  look: Observation,
): Promise<boolean> {
  const { running, context } = await contextAt(asked, selector, look.occurredAt);
  return isLeftOut(context, running, look);
}

/** Whether an observation in effect contradicts a claim only because the rollout had not ended. */
async function isRemainder(
  context: ResolveContext,
  { contradicted: claim }: Reconciled,
  look: Observation,
): Promise<boolean> {
  if (claim === undefined || !isInGrace(look, claim)) return false;
  return look.since === undefined ? showsOld(context, claim, look) : look.since < claim.occurredAt;
}

/** Whether an observation that is not in effect would be such a remainder. */
export async function isLeftOut(
  context: ResolveContext,
  running: EffectiveDeployments,
  look: Observation,
): Promise<boolean> {
  if (!running.claims.some(({ fact }) => isClaim(fact) && isInGrace(look, fact))) return false;
  return isRemainder(context, await reconcileWith(context, seenBy(running, look)), look);
}

/** Whether all images of an observation are those that ran, or were seen, before a claim. */
async function showsOld(context: ResolveContext, claim: Claim, look: Observation): Promise<boolean> {
  const at = justBefore(claim.occurredAt);
  const { selector } = context;
  const [running, { value: last }, description] = await Promise.all([
    effectiveDeploymentsAt({ ...context, at }, selector, at),
    observations(context, selector, at).next(),
    describedAt(context, selector.service, at),
  ]);
  const then = { ...context, at, ownImages: ownImagesOf(description) };
  const everything = new Set(byComponent(look.components).keys());
  const [seen, lastSeen, ...groups] = await Promise.all([
    showObserved(context, look, everything),
    isObservation(last) ? showObserved(then, last, everything) : [],
    ...[...running.claimed.values()].map((group) => showClaimed(then, group)),
  ]);
  const old = byComponent([...lastSeen, ...groups.flat()].map((one) => ({ ...one.resolution.stated, one })));
  const found = byComponent(seen.map((one) => ({ ...one.resolution.stated, one })));
  const verdicts = [...found].flatMap(([name, entries]) =>
    entries.map(({ one }) =>
      isAmong(
        context,
        one,
        (old.get(name) ?? []).map((other) => other.one),
      ),
    ),
  );
  return (await Promise.all(verdicts)).every(Boolean);
}
