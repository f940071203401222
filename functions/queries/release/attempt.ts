/** The attempt: the newest deployment that has started or failed, until something takes effect after it. */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { attemptsOf } from "./contradicting-reports.ts";
import { factsOfDeployment, type ResolveContext } from "./digest-resolution.ts";
import { type Claim, isPart } from "./effective-deployments.ts";

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

type Standing = Pick<Attempt, "attempt" | "facts">;

/** The attempt that a start or a failure is of; undefined if it is over. */
async function standing(
  context: ResolveContext,
  newest: Started | Failed,
  last: Claim | undefined,
): Promise<Standing | undefined> {
  const facts = await factsOfDeployment(context, newest, context.selector, context.at);
  const own = [...facts].sort(byOrder);
  const failed = own.findLast(isFailure);
  const effect = own.findLast(hasTakenEffect);
  if (effect !== undefined && (failed === undefined || byOrder(effect, failed) > 0)) return undefined;
  if (failed !== undefined && last !== undefined && byOrder(last, failed) > 0) return undefined;
  const started = isStart(newest) ? newest : own.findLast(isStart);
  if (failed === undefined && started !== undefined && (await isOver(context, started, last)))
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
 * A deployment that has started and not ended, else one that failed and may have changed things. Null once it succeeded
 * or was removed, its deployer's next deployment took effect, or something else did after it failed.
 * @param lastClaim the newest deployment or removal that took effect
 */
export async function attemptOf(context: ResolveContext, lastClaim: Claim | undefined): Promise<Attempt> {
  const { started, failed, failures } = await attemptsOf(context, context.selector, lastClaim);
  const begun = started === undefined ? undefined : await standing(context, started, lastClaim);
  const isNewer = failed !== undefined && (started === undefined || byOrder(failed, started) > 0);
  const found = begun ?? (isNewer ? await standing(context, failed, lastClaim) : undefined);
  return { attempt: null, facts: [], ...found, failures };
}
