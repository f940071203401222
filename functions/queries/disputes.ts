/** Warns in an answer about disputed facts that it rests on. */
import type { Dispute, Warning } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import { distinct } from "../ledger/fact-reader.ts";

/** Who disputes a fact, when and why; undefined if nobody does. */
export const disputeOf = ({ disputed }: Fact): Dispute | undefined =>
  disputed && {
    by: disputed.reportedBy,
    at: disputed.recordedAt,
    reason: disputed.reason ?? "another statement came under its source and id",
  };

/** A warning for each fact that somebody disputes. */
export const disputeWarnings = (facts: readonly (Fact | undefined)[]): (Warning & { code: "disputed" })[] =>
  distinct(facts.filter((fact) => fact !== undefined)).flatMap((fact) => {
    const dispute = disputeOf(fact);
    if (dispute === undefined) return [];
    const { by, at, reason } = dispute;
    return [
      { code: "disputed", message: `${fact.source} ${fact.id} is disputed by ${by} since ${at}: ${reason}` },
    ];
  });

/** Those of several answers, each once. */
export const disputesIn = (warnings: readonly Warning[]): Warning[] => [
  ...new Map(
    warnings.flatMap((one) => (one.code === "disputed" ? [[one.message, one] as const] : [])),
  ).values(),
];
