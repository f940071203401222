/** Finds the gate's policy that was in force when something changed. */
import type { Audit, AuditChange } from "../../../schemas/answers/audit.ts";
import type { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { type PolicyChange, policyHash } from "../../ledger/policies.ts";
import { rulesFor } from "../gate/gate-policy.ts";
import type { Period } from "./population.ts";

/** A policy that decides about a change. `assumed`: none was recorded by then, so it is the first one known. */
export interface InForce {
  readonly rules: GatePolicy;
  readonly is: NonNullable<AuditChange["policy"]>;
}

export interface PolicyHistory {
  /** Undefined where there is no policy. */
  readonly at: (time: string) => InForce | undefined;
  readonly shown: Pick<Audit, "policies" | "policyRecordedSince">;
}

/**
 * The policies of an environment, as far as they were known.
 * @param recorded all that were ever recorded, oldest first
 * @param configured the one of now, where none was recorded
 * @param environment folded
 */
export function policiesIn(
  recorded: readonly PolicyChange[],
  configured: GatePolicy | undefined,
  environment: string,
  { from, to, knownAt }: Period & { readonly knownAt: string },
): PolicyHistory {
  const known = recorded.filter(({ recordedAt }) => recordedAt <= knownAt);
  const [first] = recorded;
  const before = first?.policy ?? configured ?? [];
  const newestAt = (time: string) => known.findLast(({ occurredAt }) => occurredAt <= time);
  const beginning = newestAt(from);
  const inPeriod = known.filter(({ occurredAt }) => occurredAt > from && occurredAt <= to);
  return {
    at: (time) => {
      const change = newestAt(time);
      const policy = change?.policy ?? before;
      if (policy.length === 0) return undefined;
      const is = { sha256: change?.sha256 ?? policyHash(policy), assumed: change === undefined };
      return { rules: rulesFor(policy, environment), is };
    },
    shown: {
      policies: [...(beginning === undefined ? [] : [beginning]), ...inPeriod].map((one) => ({
        since: one.occurredAt,
        sha256: one.sha256,
        rules: [...rulesFor(one.policy, environment)],
        fact: { source: one.source, id: one.id },
      })),
      policyRecordedSince: first?.occurredAt ?? null,
    },
  };
}
