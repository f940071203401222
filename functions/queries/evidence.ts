/** The evidence of an artifact, a commit or a deployment: what was attached to it, and the marks that people set. */
import type { Attached } from "../../schemas/answer.ts";
import type { Deployment, Fact, FactOf } from "../../schemas/fact.ts";
import { byOrder, canonical } from "../ledger/canonical.ts";
import { all, distinct, type KnownAt } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";

const common = ({ occurredAt, url, source, id }: Fact) => ({
  at: occurredAt,
  url: url ?? null,
  fact: { source, id },
});

const ofMark = (fact: FactOf<"release.marked">): Attached => ({
  type: "mark",
  verdict: fact.verdict,
  ...(fact.actor === undefined ? {} : { by: fact.actor }),
  ...(fact.reason === undefined ? {} : { reason: fact.reason }),
  ...common(fact),
});

function ofEvidence(fact: FactOf<"evidence.attached">): Attached {
  const { type, verdict, by = fact.actor, bots = [], sha256 } = fact;
  return {
    type,
    ...(verdict === undefined ? {} : { verdict }),
    ...(by === undefined ? {} : { by }),
    ...(by !== undefined && bots.includes(by) ? { bot: true as const } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...common(fact),
  };
}

/** The evidence and marks among facts, oldest first, without duplicates. */
export function attachedBy(facts: readonly Fact[]): Attached[] {
  return distinct(facts)
    .sort(byOrder)
    .flatMap((fact) => {
      if (fact.kind === "release.marked") return [ofMark(fact)];
      return fact.kind === "evidence.attached" ? [ofEvidence(fact)] : [];
    });
}

/**
 * The evidence of deployments, whenever it was attached: an approval may come after the deployment. One request for each
 * deployment.
 * @param own facts whose evidence is listed with it
 */
export async function evidenceOfDeployments(
  knowledge: KnownAt,
  deployments: readonly (Deployment | null | undefined)[],
  own: readonly Fact[] = [],
): Promise<Attached[]> {
  const named = deployments.flatMap((one) => (one == null ? [] : [[canonical(one), one] as const]));
  const found = await mapLimit(AT_ONCE, [...new Map(named).values()], (deployment) =>
    all(knowledge, { of: "deployment", deployment }),
  );
  return attachedBy([...own, ...found.flat()]);
}
