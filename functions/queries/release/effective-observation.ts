/**
 * Decides which observation counts for a moment. After a deployment a rollout takes some time: an observation within
 * this grace that still shows what ran before is left out, as if nobody had looked.
 */

import { by } from "../../../schemas/words/ordering.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { order } from "../../ledger/canonical.ts";
import type { Question, Selector } from "../question.ts";
import { describedAt, ownImagesOf } from "../service-description.ts";
import { isAmong } from "./agreement.ts";
import {
  coveringAmong,
  type EffectiveDeployments,
  effectiveDeploymentsAt,
  laterLooks,
  observations,
  seenBy,
} from "./deployment-reader.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isClaim, isObservation, isPart, type Observation } from "./effective-deployments.ts";
import { type Reconciled, reconcileWith } from "./reconcile.ts";
import { showClaimed, showObserved } from "./resolved-component.ts";
import { GRACE_MS } from "./rollout.ts";
import { byComponent } from "./slots.ts";

export const isInGrace = (look: Observation, claim: Claim | Observation): boolean =>
  order(look) > order(claim) && Date.parse(look.occurredAt) - Date.parse(claim.occurredAt) < GRACE_MS;

/**
 * Reconciles the claims with the observation that counts for the moment: the next one, if it says that what it shows already
 * ran then (of several at one time, the one of the youngest state), else the newest by then.
 */
export async function reconcile(context: ResolveContext, running: EffectiveDeployments): Promise<Reconciled> {
  const { selector, at } = context;
  for await (const looks of laterLooks(context, selector, at)) {
    const covering = coveringAmong(looks, at);
    const found = await firstThatCounts(context, running, covering);
    if (found !== undefined) return found;
    const others = looks.filter((look) => !covering.includes(look));
    if (!(await areLeftOut(context, running, others))) break;
  }
  for await (const look of observations(context, selector, at)) {
    const found = isObservation(look) ? await firstThatCounts(context, running, [look]) : undefined;
    if (found !== undefined) return found;
  }
  return reconcileWith(context, seenBy(running, running.tasks));
}

async function firstThatCounts(
  context: ResolveContext,
  running: EffectiveDeployments,
  looks: readonly Observation[],
): Promise<Reconciled | undefined> {
  for (const look of looks) {
    const reconciled = await reconcileWith(context, seenBy(running, look));
    if (!(await isRemainder(context, reconciled, look))) return reconciled;
  }
  return undefined;
}

async function areLeftOut(
  context: ResolveContext,
  running: EffectiveDeployments,
  looks: readonly Observation[],
): Promise<boolean> {
  const verdicts = await Promise.all(looks.map((look) => isLeftOut(context, running, look)));
  return verdicts.every(Boolean);
}

/** An observation, and from when on it counts: when what it shows began to run, but after the observation before it. */
interface View {
  readonly look: Observation;
  readonly from: string;
}

/** Since when an observation shows what it shows, as far as it says. */
export const beginOf = ({ since, occurredAt }: Observation): string => since ?? occurredAt;

/** What observations of the whole service show after a moment, in the order in which they count. */
export async function* viewsAfter(
  context: ResolveContext,
  running: EffectiveDeployments,
): AsyncGenerator<View> {
  const { selector, at } = context;
  let looked = at;
  let pending: readonly View[] = [];
  for await (const looks of laterLooks(context, selector, at)) {
    const leftOut = await Promise.all(looks.map((look) => isLeftOut(context, running, look)));
    const counted = looks.filter((_, n) => leftOut[n] !== true);
    const views = counted
      .filter((look) => !isPart(look))
      .map((look): View => ({ look, from: later(beginOf(look), looked) }));
    yield* pending.filter((view) => !views.some((next) => next.from <= view.from));
    pending = views
      .filter(({ from }, n) => from > at && !views.slice(n + 1).some((younger) => younger.from <= from))
      .sort(by(({ from }) => from));
    looked = counted[0]?.occurredAt ?? looked;
  }
  yield* pending;
}

const later = (a: string, b: string): string => (b > a ? b : a);

/** What the rules of a release at a moment need. */
export async function contextAt(asked: Omit<Question, "at">, selector: Selector, at: string) {
  const question = { ...asked, at };
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, at),
    describedAt(question, selector, at),
    question.images.renames(),
  ]);
  return { running, context: { ...question, selector, ownImages: ownImagesOf(description) } };
}

/** What runs at a moment alone, for callers that need nothing else of the release. */
export async function reconciledAt(
  asked: Omit<Question, "at">,
  selector: Selector,
  at: string,
): Promise<Reconciled> {
  const { running, context } = await contextAt(asked, selector, at);
  return reconcile(context, running);
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
  reconciled: Reconciled,
  look: Observation,
): Promise<boolean> {
  // A later claim that names no images keeps what was seen, but makes nothing of what was left out before.
  const { running } = reconciled;
  const claims = running.claims.filter(({ fact, isSilent }) => !isSilent || order(fact) < order(look));
  const isJudged = claims.length === running.claims.length;
  const { contradicted: claim } = isJudged
    ? reconciled
    : await reconcileWith(context, seenBy({ ...running, claims }, look));
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
    describedAt(context, selector, at),
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
