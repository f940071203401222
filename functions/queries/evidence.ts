/** The evidence of an artifact or a commit: what was attached to it, and the marks that people set. */
import type { Attached } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { byOrder } from "../ledger/canonical.ts";
import { distinct } from "../ledger/fact-reader.ts";

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
  const { type, verdict, by = fact.actor, sha256 } = fact;
  return {
    type,
    ...(verdict === undefined ? {} : { verdict }),
    ...(by === undefined ? {} : { by }),
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
