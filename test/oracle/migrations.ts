/** Which schema version each database of a service had. */
import type { AppliedMigration, Release } from "../../schemas/answer.ts";
import type { FactOf } from "../../schemas/fact.ts";
import {
  byOrder,
  compare,
  description,
  distinct,
  fold,
  isHere,
  ofKind,
  type Question,
  until,
} from "./known.ts";

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
/** A row of a later snapshot that says itself, or by a row below it, that it was applied by then. */
interface Dated {
  readonly kind: "dated";
  readonly version: string;
  readonly occurredAt: string;
  readonly when: When;
}
type Step = Changed | Complete | Dated;

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

/** All that is believed of a database, oldest first. */
const factsOf = (question: Question, database: string): (Changed | Snapshot)[] =>
  ofKind(question.believed, ...KINDS).filter(
    (fact) => fold(fact.environment) === question.environment && fold(fact.database) === database,
  );

/**
 * What happened to a schema by then, newest first; snapshots in parts count when the last part is seen. What a later
 * snapshot dates comes before the facts of the same time.
 */
function stepsOf(question: Question, database: string): Step[] {
  const told = toldSteps(question, database);
  const dated = datedSteps(question, database);
  const times = distinct([...told, ...dated].map(({ occurredAt }) => occurredAt)).sort(compare);
  return times.reverse().flatMap((time) => {
    const isThen = (step: Step): boolean => step.occurredAt === time;
    return [...told.filter(isThen), ...dated.filter(isThen).reverse()];
  });
}

function toldSteps(question: Question, database: string): Step[] {
  const facts = tied(until(factsOf(question, database), question.at)).reverse();
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

/** A snapshot at the moment when a part made it complete, also again. */
interface Reading {
  readonly seenAt: string;
  readonly oldest: Snapshot;
  readonly mode: Snapshot["mode"];
  readonly tool: string | undefined;
  readonly rows: readonly Row[];
}

/** Every moment at which a snapshot became complete, in order, by all facts. */
function readingsOf(snapshots: readonly Snapshot[]): Reading[] {
  return snapshots.flatMap((fact, index): Reading[] => {
    const { part } = fact;
    const seen = snapshots.slice(0, index + 1).filter((one) => {
      if (part === undefined) return one === fact;
      const { source, mode } = one;
      const isOfSet = one.part?.set === part.set && one.part.of === part.of;
      return isOfSet && source === fact.source && mode === fact.mode;
    });
    const parts: Snapshot[] = [];
    for (let n = 1; n <= (part?.of ?? 1); n++) {
      const found = seen.findLast((one) => (one.part?.n ?? 1) === n);
      if (found === undefined) return [];
      parts.push(found);
    }
    const [oldest] = parts.toSorted(byOrder);
    if (oldest === undefined) return [];
    const rows = parts.flatMap(({ versions }) => versions);
    return [{ seenAt: fact.occurredAt, oldest, mode: fact.mode, tool: parts[0]?.tool, rows }];
  });
}

/** The newest of the readings before one; undefined where one of them is newer than this one, so that it says nothing. */
function previousOf(reading: Reading, before: readonly Reading[]): { reading?: Reading } | undefined {
  const newer = before.filter((one) => byOrder(one.oldest, reading.oldest) > 0);
  if (newer.length > 0) return undefined;
  const previous = before.toSorted((a, b) => byOrder(a.oldest, b.oldest)).at(-1);
  return previous === undefined ? {} : { reading: previous };
}

/** What is known of a version just before a reading: where it stood, and since when that is known. */
function lastKnown(
  version: string,
  previous: Reading | undefined,
  reading: Reading,
  told: readonly (Changed | Snapshot)[],
): { isApplied: boolean; at: string | null } {
  const last = told.findLast(
    (fact) =>
      (fact.kind === "migration.applied" || fact.kind === "migration.reverted") &&
      fact.version === version &&
      byOrder(fact, reading.oldest) < 0 &&
      (previous === undefined || byOrder(fact, previous.oldest) > 0),
  );
  if (last !== undefined) return { isApplied: last.kind === "migration.applied", at: last.occurredAt };
  if (previous === undefined) return { isApplied: false, at: null };
  const isShown = previous.rows.some((row) => row.version === version);
  return { isApplied: isShown, at: previous.oldest.occurredAt };
}

/** From when on a row counts: its own time, or in a set the first of those of the rows below it. */
function countsFrom(n: number, reading: Reading, previous: Reading | undefined): string | undefined {
  const { mode, rows } = reading;
  const own = rows[n]?.appliedAt;
  if (own !== undefined || mode === "head" || previous?.mode === "head") return own;
  return rows
    .slice(n + 1)
    .flatMap(({ appliedAt }) => appliedAt ?? [])
    .sort(compare)[0];
}

/** What snapshots that were complete only after the moment say of the time until then, oldest first. */
function datedSteps(question: Question, database: string): Dated[] {
  // Of what is known last nothing can be known that comes later.
  if (question.at >= question.knownAt) return [];
  const told = factsOf(question, database);
  const readings = readingsOf(ofKind(told, "migration.snapshot"));
  const dated = readings.flatMap((reading, index) => {
    if (reading.seenAt <= question.at) return [];
    const found = previousOf(reading, readings.slice(0, index));
    if (found === undefined) return [];
    return reading.rows.flatMap((row, n): Dated[] => {
      const from = countsFrom(n, reading, found.reading);
      const { isApplied, at: after } = lastKnown(row.version, found.reading, reading, told);
      const isContradicted = from !== undefined && after !== null && from <= after;
      if (from === undefined || from > reading.oldest.occurredAt || isApplied || isContradicted) return [];
      const when =
        row.appliedAt === undefined
          ? { appliedBetween: { after, before: from } }
          : { appliedAt: row.appliedAt };
      const tool = reading.tool === undefined ? {} : { tool: reading.tool };
      return [{ kind: "dated", version: row.version, occurredAt: from, when: { ...when, ...tool } }];
    });
  });
  return dated.filter(({ occurredAt }) => occurredAt <= question.at);
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
    if (step.kind === "dated" && !reverted.includes(step.version))
      return { at, rows: [{ version: step.version }] };
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
    .some(
      (step) =>
        (step.kind === "migration.applied" || step.kind === "dated") && step.version === failed.version,
    );
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
  if (step.kind === "dated") return "nothing";
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
    if (says === "applied" && step.kind === "migration.applied") return fromApplied(step, snapshot.tool);
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
    ...(stop?.kind === "dated" ? stop.when : {}),
    ...(stop?.kind === "complete" ? whenOf(row, stop, steps.slice(at + 1)) : {}),
    ...failed,
  }));
}

export function migrations(question: Question): Release["migrations"] {
  const databases = databasesOf(question);
  return databases?.flatMap((database) => migrationsOf(question, database)) ?? "unknown";
}
