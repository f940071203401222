/** The attempt: the newest deployment that has started, until something takes effect after it. */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { attemptsOf } from "./contradicting-reports.ts";
import { factsOfDeployment, type ResolveContext } from "./digest-resolution.ts";
import type { Claim } from "./effective-deployments.ts";

const isFailure = (fact: Fact): fact is FactOf<"deployment.failed"> => fact.kind === "deployment.failed";
const hasTakenEffect = ({ kind }: Fact): boolean =>
  kind === "deployment.succeeded" || kind === "deployment.removed";

export interface Attempt {
  readonly attempt: Release["attempt"];
  /** The facts that it rests on. */
  readonly facts: readonly Fact[];
  /** The failures within minutes of the newest claim. */
  readonly failures: readonly FactOf<"deployment.failed">[];
}

/**
 * A deployment that has started and not ended, or that failed and may have changed things. Null once it succeeded or was
 * removed, or something else took effect after it failed.
 * @param lastClaim the newest deployment or removal that took effect
 */
export async function attemptOf(context: ResolveContext, lastClaim: Claim | undefined): Promise<Attempt> {
  const { started, failures } = await attemptsOf(context, context.selector, lastClaim);
  const none = { attempt: null, facts: [], failures };
  if (started === undefined) return none;
  const facts = await factsOfDeployment(context, started, context.selector, context.at);
  if (facts.some(hasTakenEffect)) return none;
  const failed = facts.filter(isFailure).sort(byOrder).at(-1);
  if (failed !== undefined && lastClaim !== undefined && byOrder(lastClaim, failed) > 0) return none;
  const { deployment, occurredAt, actor, url, components = [] } = started;
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
  return { attempt, facts: failed === undefined ? [started] : [started, failed], failures };
}
