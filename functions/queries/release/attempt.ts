/** The attempt: the newest deployment that has started or failed, until something takes effect after it. */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { attemptsOf } from "./contradicting-reports.ts";
import type { EffectiveDeployments } from "./deployment-reader.ts";
import { factsOfDeployment, type ResolveContext } from "./digest-resolution.ts";
import { type Claim, isClaim, isOfDeployment, isPart } from "./effective-deployments.ts";
import { GRACE_MS } from "./rollout.ts";

type Started = FactOf<"deployment.started">;
type Failed = FactOf<"deployment.failed">;

const isStart = (fact: Fact): fact is Started => fact.kind === "deployment.started";
const isFailure = (fact: Fact): fact is Failed => fact.kind === "deployment.failed";
const hasTakenEffect = ({ kind }: Fact): boolean =>
  kind === "deployment.succeeded" || kind === "deployment.removed";

export interface Attempt {
  readonly attempt: Release["attempt"];
  /** The facts that it rests on. */
  readonly facts: readonly Fact[];
  /** The failures within minutes of the newest claim. */
  readonly failures: readonly Failed[];
}

/** Whether a claim is of everything that a start is of, and comes from the same deployer. */
function replaces(claim: Claim, started: Started): boolean {
  const { deployment } = claim;
  const { provider, instance } = started.deployment;
  if (deployment?.provider !== provider || deployment.instance !== instance) return false;
  if (!isPart(claim)) return true;
  const names = new Set((claim.components ?? []).map(({ component }) => fold(component)));
  const isOfSome = started.scope === "components";
  return isOfSome && (started.components ?? []).every(({ component }) => names.has(fold(component)));
}

/**
 * Whether a start is over although nobody reported its end: the same deployer went on to another deployment, which took
 * effect. One that had begun before is no sign of that: both may have been under way.
 */
async function isOver(context: ResolveContext, started: Started, last: Claim | undefined): Promise<boolean> {
  if (last === undefined || byOrder(last, started) < 0 || !replaces(last, started)) return false;
  const facts = await factsOfDeployment(context, last, context.selector, context.at);
  return !facts.some((fact) => isStart(fact) && byOrder(fact, started) < 0);
}

/**
 * Whether everything that a failure may have changed was deployed or removed since: by a claim of the whole service, or by
 * claims of each of its components.
 */
function isSettled(failed: Failed, { claims, lastClaim }: EffectiveDeployments): boolean {
  const own = claims.map(({ fact }) => fact).filter((fact) => isClaim(fact) && !isOfDeployment(fact));
  const all = lastClaim === undefined ? own : [...own, lastClaim];
  const later = all.filter((claim) => byOrder(claim, failed) > 0);
  const names = new Set(later.flatMap(({ components = [] }) => components.map((one) => fold(one.component))));
  const areRenewed = failed.components?.every(({ component }) => names.has(fold(component))) === true;
  return areRenewed || later.some((claim) => !isPart(claim));
}

/**
 * Whether a fact is about an earlier start of the same deployment, which may start again: ECS rolls back to an earlier one.
 * Clocks differ, so an end may be stamped a little before its own start.
 */
const isPast = (fact: Fact, started: Started): boolean =>
  Date.parse(started.occurredAt) - Date.parse(fact.occurredAt) > GRACE_MS;

type Standing = Pick<Attempt, "attempt" | "facts">;

/** The attempt that a start or a failure is of; undefined if it is over. */
async function standing(
  context: ResolveContext,
  newest: Started | Failed,
  running: EffectiveDeployments,
): Promise<Standing | undefined> {
  const facts = await factsOfDeployment(context, newest, context.selector, context.at);
  const own = facts.filter((fact) => !isStart(newest) || !isPast(fact, newest)).sort(byOrder);
  const failed = own.findLast(isFailure);
  const effect = own.findLast(hasTakenEffect);
  if (effect !== undefined && (failed === undefined || byOrder(effect, failed) > 0)) return undefined;
  if (failed !== undefined && isSettled(failed, running)) return undefined;
  const started = isStart(newest) ? newest : own.findLast(isStart);
  if (failed === undefined && started !== undefined && (await isOver(context, started, running.lastClaim)))
    return undefined;
  const { deployment, occurredAt, actor, url, components = [] } = started ?? newest;
  const attempt: Release["attempt"] = {
    deployment,
    status: failed === undefined ? "started" : "failed",
    startedAt: occurredAt,
    by: actor ?? null,
    url: url ?? null,
    components,
    ...(failed === undefined ? {} : { endedAt: failed.occurredAt }),
    ...(failed?.outcome === undefined ? {} : { outcome: failed.outcome }),
    ...(failed?.reason === undefined ? {} : { reason: failed.reason }),
  };
  return { attempt, facts: [started, failed].filter((fact) => fact !== undefined) };
}

/**
 * A deployment that has started and not ended, else the newest one that failed and may have changed things. Null once it
 * succeeded or was removed, its deployer's next deployment took effect, or everything that failed was deployed since.
 */
export async function attemptOf(context: ResolveContext, running: EffectiveDeployments): Promise<Attempt> {
  const { started, failed, near } = await attemptsOf(context, context.selector, running);
  const begun = started === undefined ? undefined : await standing(context, started, running);
  const open = begun === undefined ? failed.find((one) => !isSettled(one, running)) : undefined;
  const found = begun ?? (open && (await standing(context, open, running)));
  return { attempt: null, facts: [], ...found, failures: near };
}
