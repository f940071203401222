/** Which schema version each database of a service had. */
import type { AppliedMigration, Release } from "../../schemas/answer.ts";
import type { FactOf } from "../../schemas/fact.ts";
import { compare, description, distinct, fold, isHere, ofKind, type Question, until } from "./known.ts";

type Snapshot = FactOf<"migration.snapshot">;
type Row = Snapshot["versions"][number];
type Changed = FactOf<"migration.applied" | "migration.reverted" | "migration.failed">;

/** A snapshot of which every part was seen, at the moment when its oldest part was. */
interface Complete {
  readonly kind: "complete";
  readonly occurredAt: string;
  readonly mode: Snapshot["mode"];
  /** By the part that comes first in it. */
  readonly tool: string | undefined;
  readonly rows: readonly Row[];
}
type Step = Changed | Complete;

const KINDS = ["migration.applied", "migration.reverted", "migration.failed", "migration.snapshot"] as const;

/** The databases of a service, folded; undefined where nobody said which they are. */
function databasesOf(question: Question): string[] | undefined {
  const described = description(question)?.databases;
  const named = ofKind(question.recorded, ...KINDS).filter((fact) => isHere(fact, question));
  const databases = described ?? named.map(({ database }) => database);
  if (described === undefined && databases.length === 0) return undefined;
  return distinct(databases.map(fold)).sort(compare);
}

const byNumbers = new Intl.Collator("en", { numeric: true });

/** Of what was applied at one moment the higher version is the later; each takes a place that one of them had. */
const tied = (facts: readonly (Changed | Snapshot)[]): (Changed | Snapshot)[] =>
  facts.map((fact) => {
    const isOne = (one: Changed | Snapshot): one is Changed =>
      one.kind === "migration.applied" && one.occurredAt === fact.occurredAt;
    if (!isOne(fact)) return fact;
    const rivals = facts.filter(isOne);
    const inOrder = rivals.toSorted((a, b) => byNumbers.compare(a.version, b.version));
    return inOrder[rivals.indexOf(fact)] ?? fact;
  });

/** What happened to a schema by then, newest first; snapshots in parts count when the last part is seen. */
function stepsOf(question: Question, database: string): Step[] {
  const facts = tied(
    until(ofKind(question.believed, ...KINDS), question.at).filter(
      (fact) => fold(fact.environment) === question.environment && fold(fact.database) === database,
    ),
  ).reverse();
  return facts.flatMap((fact, index): Step[] => {
    if (fact.kind !== "migration.snapshot") return [fact];
    const parts = completedBy(fact, ofKind(facts.slice(0, index), "migration.snapshot"));
    if (parts === undefined) return [];
    const rows = parts.flatMap(({ versions }) => versions);
    return [{ kind: "complete", occurredAt: fact.occurredAt, mode: fact.mode, tool: parts[0]?.tool, rows }];
  });
}

/** All parts of a snapshot, where this one is the last one missing. */
function completedBy(fact: Snapshot, newer: readonly Snapshot[]): Snapshot[] | undefined {
  const { part, mode } = fact;
  if (part === undefined) return [fact];
  const others = newer.filter(
    (one) => one.source === fact.source && one.mode === mode && one.part?.set === part.set,
  );
  if (others.some((one) => one.part?.n === part.n)) return undefined;
  const parts: Snapshot[] = [];
  for (let n = 1; n <= part.of; n++) {
    const found = [...others, fact].find((one) => one.part?.n === n);
    if (found === undefined) return undefined;
    parts.push(found);
  }
  return parts;
}

/** Where going back ended: at an applied migration or at a snapshot. */
interface Stop {
  readonly at: number;
  readonly rows: readonly Row[] | "unknown";
}

function stopOf(steps: readonly Step[]): Stop {
  const reverted: string[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.kind === "migration.reverted") reverted.push(step.version);
    if (step.kind === "migration.applied" && !reverted.includes(step.version)) {
      return { at, rows: [{ version: step.version, appliedAt: step.occurredAt }] };
    }
    if (step.kind === "complete") return { at, rows: currentRows(step, reverted) };
  }
  return { at: steps.length, rows: "unknown" };
}

/** What a snapshot leaves after the reverts that came later. */
function currentRows({ mode, rows }: Complete, reverted: readonly string[]): Stop["rows"] {
  const remaining = rows.filter(({ version }) => !reverted.includes(version));
  if (mode === "set") return remaining.slice(-1);
  return remaining.length === rows.length ? rows : "unknown";
}

/** The newest failure, unless that version was applied after it. */
function failureOf(steps: readonly Step[]): Pick<AppliedMigration, "failed"> {
  const at = steps.findIndex(({ kind }) => kind === "migration.failed");
  const failed = steps[at];
  if (failed?.kind !== "migration.failed") return {};
  const isMended = steps
    .slice(0, at)
    .some((step) => step.kind === "migration.applied" && step.version === failed.version);
  return isMended ? {} : { failed: { version: failed.version, at: failed.occurredAt } };
}

type When = Pick<AppliedMigration, "appliedAt" | "appliedBetween" | "reversible" | "tool">;

const fromApplied = ({ occurredAt, reversible, tool }: Changed, otherwise?: string): When => {
  const named = tool ?? otherwise;
  return {
    appliedAt: occurredAt,
    ...(reversible === undefined ? {} : { reversible }),
    ...(named === undefined ? {} : { tool: named }),
  };
};

/** What an older step says of a version that a snapshot shows. */
type Says = "applied" | "there" | "not there" | "nothing";

function saysOf(step: Step, version: string): Says {
  if (step.kind === "complete")
    return step.rows.some((row) => row.version === version) ? "there" : "not there";
  if (step.version !== version || step.kind === "migration.failed") return "nothing";
  return step.kind === "migration.applied" ? "applied" : "not there";
}

/** When a version that a snapshot shows was applied: its own time, the migration's, or between two snapshots. */
function whenOf(row: Row, snapshot: Complete, older: readonly Step[]): When {
  const { appliedBetween, ...told } = toldBy(row, snapshot, older);
  if (row.appliedAt !== undefined) return { ...told, appliedAt: row.appliedAt };
  return appliedBetween === undefined ? told : { ...told, appliedBetween };
}

/** What the older facts tell of a version that a snapshot shows. */
function toldBy(row: Row, snapshot: Complete, older: readonly Step[]): When {
  const tool = snapshot.tool === undefined ? {} : { tool: snapshot.tool };
  let before = snapshot.occurredAt;
  for (const step of older) {
    const says = saysOf(step, row.version);
    if (says === "applied" && step.kind !== "complete") return fromApplied(step, snapshot.tool);
    if (says === "not there") return { appliedBetween: { after: step.occurredAt, before }, ...tool };
    if (says === "there") before = step.occurredAt;
  }
  return { appliedBetween: { after: null, before }, ...tool };
}

function migrationsOf(question: Question, database: string): AppliedMigration[] {
  const steps = stepsOf(question, database);
  const { at, rows } = stopOf(steps);
  const failed = failureOf(steps.slice(0, at));
  if (rows === "unknown") return [{ database, status: "unknown", version: null, ...failed }];
  if (rows.length === 0) return [{ database, status: "empty", version: null, ...failed }];
  const stop = steps[at];
  return rows.map((row) => ({
    database,
    status: "known",
    version: row.version,
    ...(stop?.kind === "migration.applied" ? fromApplied(stop) : {}),
    ...(stop?.kind === "complete" ? whenOf(row, stop, steps.slice(at + 1)) : {}),
    ...failed,
  }));
}

export function migrations(question: Question): Release["migrations"] {
  const databases = databasesOf(question);
  return databases?.flatMap((database) => migrationsOf(question, database)) ?? "unknown";
}
