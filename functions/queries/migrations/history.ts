/**
 * The history of a database's schema: a fold over statements (`applied`, `reverted`) and snapshots of the tools' own
 * tables. A set lists all applied versions. A head lists only the current ones, so it yields no reverts.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type Complete, type Snapshot, snapshotsOf } from "./snapshots.ts";

type Said = FactOf<"migration.applied">;
export type Word = FactOf<"migration.applied" | "migration.reverted">;
type Step = Complete | Word;

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

/** A schema as of its newest snapshot, and the statements since (`words`), oldest first. */
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
  words: Word[];
}

export const emptyHistory = (): History => ({
  applied: [],
  isWhole: false,
  snapshot: undefined,
  seen: new Map(),
  gone: new Map(),
  lastSet: undefined,
  words: [],
});

const latest = (...times: readonly (string | undefined)[]): string | undefined =>
  times
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);

/* Statements */

/** Applies a statement to a schema. */
export function applyStatement(it: History, word: Word): void {
  const { version, occurredAt } = word;
  const isApplied = word.kind === "migration.applied";
  it.lastSet?.versions.set(version, { isApplied, at: occurredAt });
  const before = it.applied.find((one) => one.version === version);
  it.applied = it.applied.filter((one) => one !== before);
  if (!isApplied) {
    it.gone.set(version, occurredAt);
    it.seen.delete(version);
    return;
  }
  // Two sources may report the same run with different fields.
  const said = { ...before?.said, ...word };
  it.applied.push({ version, at: occurredAt, by: occurredAt, ...before, said });
  it.seen.set(version, { before: occurredAt, ...it.seen.get(version), said: word });
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
function changesOf({ lastSet, words }: History, { rows, at }: Complete): Change[] {
  if (lastSet === undefined) return [];
  const later = new Set(words.map(({ version }) => version));
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

function show(it: History, step: Complete): Change[] {
  const isSet = step.mode === "set";
  const changes = isSet ? changesOf(it, step) : [];
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
 * Applies one step, and returns the changes that only a set shows.
 * @param count how many of the statements since the newest snapshot precede the step: all, if steps are in order
 */
export function evolve(it: History, step: Step, count = it.words.length): Change[] {
  if (step.kind !== "complete") {
    it.words.push(step);
    return [];
  }
  for (const word of it.words.slice(0, count)) applyStatement(it, word);
  it.words = it.words.slice(count);
  return show(it, step);
}

const partsOf = (version: string): string[] => version.match(/\d+|\D+/g) ?? [];

/** Natural order: digits compare as numbers, so that V1.9 comes before V1.10. */
function byVersion(a: string, b: string): number {
  const [ours, theirs] = [partsOf(a), partsOf(b)];
  for (const [n, our] of ours.entries()) {
    const their = theirs[n] ?? "";
    if (our === their) continue;
    const areNumbers = /^\d/.test(our) && /^\d/.test(their);
    const isBefore = areNumbers && BigInt(our) !== BigInt(their) ? BigInt(our) < BigInt(their) : our < their;
    return isBefore ? -1 : 1;
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
    .sort((a, b) =>
      a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : byVersion(a.version, b.version),
    );
  return facts.map((fact) => (fact.kind === "migration.applied" ? (applied.shift() ?? fact) : fact));
}

/** Folds the facts of one database, oldest first. Also returns the facts in the order in which they were folded. */
export function historyOf(facts: readonly Fact[]): {
  readonly history: History;
  readonly facts: readonly Fact[];
} {
  const sorted = untied(facts);
  const snapshots = snapshotsOf(sorted);
  const it = emptyHistory();
  for (const fact of sorted) {
    const step = isStatement(fact) ? fact : snapshots.get(fact);
    if (step !== undefined) evolve(it, step);
  }
  return { history: it, facts: sorted };
}

export const isStatement = (fact: Fact): fact is Word =>
  fact.kind === "migration.applied" || fact.kind === "migration.reverted";

/** The newest statement since the snapshot that a version was applied and that no later one reverts. */
export function newestApplied({ words }: History): Said | undefined {
  const reverted = new Set<string>();
  for (const word of words.toReversed()) {
    if (word.kind === "migration.reverted") reverted.add(word.version);
    else if (!reverted.has(word.version)) return word;
  }
  return undefined;
}

/** The rows of the newest snapshot that are current versions. Empty: nothing is applied. Undefined: unknown. */
export function newestRows({ snapshot, words }: History): Complete["rows"] | undefined {
  if (snapshot === undefined) return undefined;
  const reverted = new Set(
    words.filter(({ kind }) => kind === "migration.reverted").map(({ version }) => version),
  );
  const left = snapshot.rows.filter(({ version }) => !reverted.has(version));
  if (snapshot.mode === "set") return left.slice(-1);
  return left.length < snapshot.rows.length ? undefined : left;
}
