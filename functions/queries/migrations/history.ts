/**
 * The history of a database's schema: a fold over statements (`applied`, `reverted`) and snapshots of the tools' own
 * tables. A set lists all applied versions. A head lists only the current ones, so it yields no reverts.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type Inferred, inferredBy } from "./own-times.ts";
import type { Complete, Snapshot } from "./snapshots.ts";

type Said = FactOf<"migration.applied">;
export type MigrationStatement = FactOf<"migration.applied" | "migration.reverted">;
type Step = Complete | MigrationStatement;

/** An applied version, and what is known about its application. */
export interface Applied {
  readonly version: string;
  /** When it was applied: by the tool's own table, else by a statement. Absent if only snapshots show it. */
  readonly at?: string;
  /** It was not yet applied at this time. */
  readonly after?: string;
  /** It was applied at or before this time. */
  readonly by: string;
  /** The statements that it was applied, merged. */
  readonly said?: Said;
  /** The first snapshot that showed it. */
  readonly shown?: Snapshot;
}

/** Since when a version has been applied without interruption, by snapshots and statements. */
export interface Seen {
  /** The newest statement that it was applied. */
  readonly said?: Said;
  /** It was not applied at this time. Absent: no fact shows when it was not. */
  readonly after?: string;
  /** The first time at which it was applied, by any fact. */
  readonly before: string;
}

/** The last known state of a version, by the newest set and the statements since. */
interface LastState {
  readonly isApplied: boolean;
  readonly at: string;
}

/** A version that was applied or reverted between two sets, without a statement. */
export interface Change {
  readonly version: string;
  readonly isApplied: boolean;
  readonly when: { readonly appliedAt: string } | { readonly between: { after: string; before: string } };
}

/** What a snapshot shows of the time before it. */
export interface Shown {
  /** Changes known only since the snapshot: the previous one does not show them, and no time tells when they were. */
  readonly changes: readonly Change[];
  /** What its rows' own times date before it. */
  readonly inferred: readonly Inferred[];
}

export const NOTHING_SHOWN: Shown = { changes: [], inferred: [] };

/** A schema as of its newest snapshot, and the statements since, oldest first. */
export interface History {
  applied: Applied[];
  /** Whether `applied` is complete: the newest snapshot is a set, or an empty head. */
  isWhole: boolean;
  snapshot: Complete | undefined;
  readonly seen: Map<string, Seen>;
  /** When each version was last reported as reverted. */
  readonly gone: Map<string, string>;
  /** The last known state of each version since the newest set; absent before the first set. */
  lastSet: { readonly at: string; readonly versions: Map<string, LastState> } | undefined;
  statements: MigrationStatement[];
}

export const emptyHistory = (): History => ({
  applied: [],
  isWhole: false,
  snapshot: undefined,
  seen: new Map(),
  gone: new Map(),
  lastSet: undefined,
  statements: [],
});

const latest = (...times: readonly (string | undefined)[]): string | undefined =>
  times
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);

/* Statements */

/** Applies a statement to a schema, or what a later snapshot dates. */
export function applyStatement(it: History, statement: MigrationStatement | Inferred): void {
  const { version, occurredAt } = statement;
  it.lastSet?.versions.set(version, { isApplied: statement.kind !== "migration.reverted", at: occurredAt });
  const before = it.applied.find((one) => one.version === version);
  it.applied = it.applied.filter((one) => one.version !== version);
  if (statement.kind === "inferred") {
    const { appliedAt: at, after } = statement;
    const [shown] = statement.snapshot.facts;
    const known = { ...(at === undefined ? {} : { at }), ...(after === undefined ? {} : { after }) };
    const by = { version, by: occurredAt, ...known, ...before };
    it.applied.push(shown === undefined ? by : { ...by, shown });
    return;
  }
  if (statement.kind === "migration.reverted") {
    it.gone.set(version, occurredAt);
    it.seen.delete(version);
    return;
  }
  // Two sources may report the same run with different fields.
  const said = { ...before?.said, ...statement };
  it.applied.push({ version, at: occurredAt, by: occurredAt, ...before, said });
  it.seen.set(version, { before: occurredAt, ...it.seen.get(version), said: statement });
}

/* Snapshots */

/** The rows of a snapshot as applied versions. A new version was not applied at the previous snapshot. */
function shownBy(it: History, { mode, rows, at, facts: [shown] }: Complete): Applied[] {
  // A head does not list the versions below it, so after a head only another head is known to be new.
  const isComparable = it.isWhole || mode === "head";
  const before = isComparable ? it.snapshot?.at : undefined;
  const known = new Map(it.applied.map((one) => [one.version, one]));
  return rows.map(({ version, appliedAt }) => {
    const after = latest(before, it.gone.get(version));
    const found = known.get(version) ?? { version, by: at, ...(after === undefined ? {} : { after }) };
    return {
      ...found,
      ...(appliedAt === undefined ? {} : { at: appliedAt }),
      ...(found.shown === undefined && shown !== undefined ? { shown } : {}),
    };
  });
}

/** Applies a head: versions above it are reverted; an unknown version is added on top. */
function headed(applied: readonly Applied[], rows: readonly Applied[]): Applied[] {
  const heads = new Map(rows.map((row) => [row.version, row]));
  const places = rows.map(({ version }) => applied.findIndex((one) => one.version === version));
  const updated = applied.map((one) => heads.get(one.version) ?? one);
  if (places.includes(-1)) return [...updated, ...rows.filter((_, n) => places[n] === -1)];
  return updated.slice(0, Math.max(...places) + 1);
}

/** Updates since when each version has been applied without interruption. */
function see({ seen, gone, snapshot }: History, { rows, at }: Complete): void {
  const shown = new Set(rows.map(({ version }) => version));
  for (const version of seen.keys()) if (!shown.has(version)) seen.delete(version);
  for (const version of shown) {
    const after = latest(snapshot?.at, gone.get(version));
    if (!seen.has(version)) seen.set(version, { before: at, ...(after === undefined ? {} : { after }) });
  }
}

/** The changes that a set shows compared with the previous set, without those that a statement since reports. */
function changesOf({ lastSet, statements }: History, { rows, at }: Complete): Change[] {
  if (lastSet === undefined) return [];
  const later = new Set(statements.map(({ version }) => version));
  const shown = new Map(rows.map((row) => [row.version, row]));
  return [...new Set([...shown.keys(), ...lastSet.versions.keys()])].flatMap((version): Change[] => {
    const last = lastSet.versions.get(version) ?? { isApplied: false, at: lastSet.at };
    const row = shown.get(version);
    const isApplied = row !== undefined;
    if (last.isApplied === isApplied || later.has(version)) return [];
    const when =
      row?.appliedAt === undefined
        ? { between: { after: last.at, before: at } }
        : { appliedAt: row.appliedAt };
    return [{ version, isApplied, when }];
  });
}

/** @param inferred what the snapshot dates before it: it is no change since then */
function show(it: History, step: Complete, inferred: readonly Inferred[]): readonly Change[] {
  const isSet = step.mode === "set";
  const dated = new Set(inferred.map(({ version }) => version));
  const changes = isSet ? changesOf(it, step).filter(({ version }) => !dated.has(version)) : [];
  const rows = shownBy(it, step);
  const isAll = isSet || rows.length === 0;
  see(it, step);
  it.applied = isAll ? rows : headed(it.applied, rows);
  it.isWhole = isAll;
  it.snapshot = step;
  if (isSet) {
    const { at } = step;
    it.lastSet = {
      at,
      versions: new Map(step.rows.map(({ version }) => [version, { isApplied: true, at }])),
    };
  }
  return changes;
}

/* The fold */

/**
 * Applies one step, and returns what only a snapshot shows.
 * @param count how many of the statements since the newest snapshot precede the step: all, if steps are in order
 */
export function evolve(it: History, step: Step, count = it.statements.length): Shown {
  if (step.kind !== "complete") {
    it.statements.push(step);
    return NOTHING_SHOWN;
  }
  const statements = it.statements.slice(0, count);
  const inferred = inferredBy(it.snapshot, statements, step);
  for (const statement of statements) applyStatement(it, statement);
  it.statements = it.statements.slice(count);
  return { changes: show(it, step, inferred), inferred };
}

export const isStatement = (fact: Fact): fact is MigrationStatement =>
  fact.kind === "migration.applied" || fact.kind === "migration.reverted";
