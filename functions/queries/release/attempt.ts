/** The attempt: the newest deployment that has started, until something takes effect after it. */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { factsOfDeployment, type ResolveContext } from "./digest-resolution.ts";
import type { Claim } from "./effective-deployments.ts";

const isFailure = (fact: Fact): fact is FactOf<"deployment.failed"> => fact.kind === "deployment.failed";
const hasTakenEffect = ({ kind }: Fact): boolean =>
  kind === "deployment.succeeded" || kind === "deployment.removed";

/**
 * A deployment that has started and not ended, or that failed and may have changed things. Null once it succeeded or was
 * removed, or something else took effect after it failed.
 * @param started the newest start of a deployment of the service
 * @param lastClaim the newest deployment or removal that took effect
 */
export async function attemptOf(
  context: ResolveContext,
  started: Fact | undefined,
  lastClaim: Claim | undefined,
): Promise<{ attempt: Release["attempt"]; facts: readonly Fact[] }> {
  const none = { attempt: null, facts: [] };
  if (started?.kind !== "deployment.started") return none;
  const facts = await factsOfDeployment(context, started, context.selector, context.at);
  if (facts.some(hasTakenEffect)) return none;
  const failed = facts.filter(isFailure).sort(byOrder).at(-1);
  if (failed !== undefined && lastClaim !== undefined && byOrder(lastClaim, failed) > 0) return none;
  const { deployment, occurredAt, actor, url, components } = started;
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
  return { attempt, facts: failed === undefined ? [started] : [started, failed] };
}
