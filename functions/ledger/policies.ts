/**
 * The history of the gate's policy. The ledger records its policy at start, if it differs from the last recorded one.
 * Policies are numbered, so that each is found by its identity, and only one of several starting processes records it.
 */

import type { FactOf, StatementOf } from "../../schemas/fact.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import { append } from "./append.ts";
import { canonical, sha256 } from "./canonical.ts";
import type { Ingest } from "./ingest/ingest-context.ts";
import type { Reads } from "./loader.ts";

export type PolicyChange = FactOf<"policy.changed">;

const POLICIES = "/asof/policies";
const READ_AT_ONCE = 16;

/** Several processes may record at once; more than these do not start in one moment. */
const ATTEMPTS = 5;

/** The SHA-256 of a policy in canonical form, in hex. */
export const policyHash = (policy: GatePolicy): string => sha256(canonical(policy));

/** All policies that were recorded, oldest first: strongly consistent. Cost: a request for each sixteen of them, and one. */
export async function recordedPolicies(store: Pick<Reads, "get">): Promise<PolicyChange[]> {
  const policies: PolicyChange[] = [];
  for (let first = 1; ; first += READ_AT_ONCE) {
    const ids = Array.from({ length: READ_AT_ONCE }, (_, n) => ({ source: POLICIES, id: String(first + n) }));
    const facts = await store.get(ids);
    policies.push(...facts.flatMap((fact) => (fact.kind === "policy.changed" ? [fact] : [])));
    if (facts.length < READ_AT_ONCE) break;
  }
  return policies.toSorted((a, b) => Number(a.id) - Number(b.id));
}

/** What is to be recorded of a policy; undefined if it is the last one that was. No policy is an empty one. */
function changeTo(
  policy: GatePolicy,
  known: readonly PolicyChange[],
  now: Date,
): StatementOf<"policy.changed"> | undefined {
  const last = known.at(-1);
  const hash = policyHash(policy);
  if (last === undefined ? policy.length === 0 : last.sha256 === hash) return undefined;
  // Clocks differ between processes: the newest number is in force last.
  const atMs = Math.max(now.getTime(), Date.parse(last?.occurredAt ?? "1970-01-01T00:00:00Z") + 1);
  return {
    kind: "policy.changed",
    source: POLICIES,
    id: String(known.length + 1),
    occurredAt: new Date(atMs).toISOString(),
    // The same policy from another process is a duplicate, whenever that one started.
    timeFrom: "receipt",
    policy,
    sha256: hash,
  };
}

/** Records the policy that the ledger starts with, if it is not the last one that was recorded. */
export async function recordPolicy(ledger: Ingest, policy: GatePolicy | undefined): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const statement = changeTo(policy ?? [], await recordedPolicies(ledger.store), ledger.now());
    if (statement === undefined) return;
    const outcome = await append(ledger, statement, { vendor: "policies", reportedBy: "asof" });
    if (outcome.outcome === "rejected") throw new Error(`the gate's policy ${outcome.reason}`);
    if (outcome.outcome === "recorded") await ledger.publish?.(outcome.fact);
    if (outcome.outcome !== "conflict") return;
  }
}

/** Records the policy without hindering a start. What fails is logged; the next start tries again. */
export async function recordPolicyOrLog(ledger: Ingest, policy: GatePolicy | undefined): Promise<void> {
  try {
    await recordPolicy(ledger, policy);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    ledger.log.error("the gate's policy could not be recorded", { reason });
  }
}
