/** Finds the outcome of each exception in the report: somebody has to review it by a certain day. */
import type { AuditChange, ControlCode } from "../../../schemas/answers/audit.ts";
import type { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { newestReviews } from "../../ledger/reviews.ts";
import type { Question } from "../question.ts";
import type { PolicyHistory } from "./policies.ts";

/** The controls whose findings somebody has to look into afterwards. The others describe a change. */
const EXCEPTIONS: ReadonlySet<ControlCode> = new Set<ControlCode>([
  "no_approval",
  "approved_by_author",
  "approved_by_deployer",
  "approved_after",
  "approved_before_last_push",
  "policy_unmet",
  "in_freeze",
  "freeze_exception",
  "emergency",
  "drift",
]);

const DAYS = 14;
const DAY_MS = 86_400_000;

/** The fewest days that a rule gives. @param rules those for the environment */
const daysOf = (rules: GatePolicy): number => {
  const given = rules.flatMap(({ reviewWithinDays }) => reviewWithinDays ?? []);
  return given.length === 0 ? DAYS : Math.min(...given);
};

const isException = ({ findings }: AuditChange): boolean =>
  findings.some(({ control }) => EXCEPTIONS.has(control));

/** The changes, each with the outcome of its review; null where there is nothing to review. */
export async function withOutcomes(
  { store, knownAt }: Pick<Question, "store" | "knownAt">,
  changes: readonly AuditChange[],
  policies: PolicyHistory,
): Promise<AuditChange[]> {
  const exceptions = changes.filter(isException);
  const reviews = await newestReviews(
    store,
    exceptions.map(({ fact }) => fact),
    knownAt,
  );
  return changes.map((change) => {
    if (!isException(change)) return { ...change, outcome: null };
    const days = daysOf(policies.at(change.at)?.rules ?? []);
    const due = new Date(Date.parse(change.at) + days * DAY_MS).toISOString();
    const review = reviews.get(`${change.fact.source} ${change.fact.id}`);
    if (review === undefined)
      return { ...change, outcome: { state: knownAt > due ? "overdue" : "open", due } };
    const { verdict, comment, actor: by = null, occurredAt: at, source, id } = review;
    const outcome = { state: "reviewed", due, verdict, comment, by, at, fact: { source, id } } as const;
    return { ...change, outcome };
  });
}
