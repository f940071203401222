/** The history of a database as of a moment. Later snapshots count with what they date before it. */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { by, byText } from "../../../schemas/words/ordering.ts";
import { endOf, order } from "../../ledger/canonical.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { comparing } from "./changes.ts";
import { emptyHistory, evolve, type History, isStatement, type MigrationStatement } from "./history.ts";
import type { Inferred } from "./own-times.ts";
import { type Complete, snapshotsOf } from "./snapshots.ts";

const byTime = by(({ occurredAt }: { readonly occurredAt: string }) => occurredAt);

const partsOf = (version: string): string[] => version.match(/\d+|\D+/g) ?? [];

/** Natural order: digits compare as numbers, so that V1.9 comes before V1.10. */
function byVersion(a: string, b: string): number {
  const [ours, theirs] = [partsOf(a), partsOf(b)];
  for (const [n, our] of ours.entries()) {
    const their = theirs[n] ?? "";
    if (our === their) continue;
    const areNumbers = /^\d/.test(our) && /^\d/.test(their);
    if (areNumbers && BigInt(our) !== BigInt(their)) return BigInt(our) < BigInt(their) ? -1 : 1;
    return byText(our, their);
  }
  return ours.length - theirs.length;
}

/**
 * Sorts migrations applied at the same time by version, because tools apply them in that order and many record whole
 * seconds. Other facts of that time keep their places.
 */
function untied(facts: readonly Fact[]): Fact[] {
  const applied = facts
    .filter((fact) => fact.kind === "migration.applied")
    .sort((a, b) => byTime(a, b) || byVersion(a.version, b.version));
  return facts.map((fact) => (fact.kind === "migration.applied" ? (applied.shift() ?? fact) : fact));
}

/**
 * What the snapshots that are complete only after a moment date by then.
 * @param facts in order
 * @param at a time or a sort key
 */
export function inferredAt(facts: readonly Fact[], at: string): Inferred[] {
  const isLater = (fact: Fact | undefined) => fact !== undefined && order(fact) > endOf(at);
  if (!isLater(facts.at(-1))) return [];
  const compare = comparing();
  return facts.flatMap((fact) => {
    const { inferred } = compare(fact);
    return isLater(fact) ? inferred.filter(({ occurredAt }) => occurredAt <= at) : [];
  });
}

/** What was reported since the newest snapshot, and what later snapshots date since then. */
export type Since = readonly (MigrationStatement | Inferred)[];

/**
 * Folds the facts of one database up to a moment, oldest first. Also returns what came since the newest snapshot, and the
 * facts in the order in which they were folded.
 */
export function historyOf(
  facts: readonly Fact[],
  at = EVER,
): { readonly history: History; readonly since: Since; readonly facts: readonly Fact[] } {
  const sorted = untied(facts.filter(({ occurredAt }) => occurredAt <= at));
  const snapshots = snapshotsOf(sorted);
  const it = emptyHistory();
  for (const fact of sorted) {
    const step = isStatement(fact) ? fact : snapshots.get(fact);
    if (step !== undefined) evolve(it, step);
  }
  // At equal times a statement is the later one.
  const since = [...inferredAt(facts, at), ...it.statements].sort(byTime);
  return { history: it, since, facts: sorted };
}

/** The newest application since the snapshot that no later statement reverts. */
export function newestApplied(since: Since): FactOf<"migration.applied"> | Inferred | undefined {
  const reverted = new Set<string>();
  for (const statement of since.toReversed()) {
    if (statement.kind === "migration.reverted") reverted.add(statement.version);
    else if (!reverted.has(statement.version)) return statement;
  }
  return undefined;
}

/** The rows of the newest snapshot that are current versions. Empty: nothing is applied. Undefined: unknown. */
export function newestRows({ snapshot, statements }: History): Complete["rows"] | undefined {
  if (snapshot === undefined) return undefined;
  const reverted = new Set(
    statements.filter(({ kind }) => kind === "migration.reverted").map(({ version }) => version),
  );
  const left = snapshot.rows.filter(({ version }) => !reverted.has(version));
  if (snapshot.mode === "set") return left.slice(-1);
  return left.length < snapshot.rows.length ? undefined : left;
}
