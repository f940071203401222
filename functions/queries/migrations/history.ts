/**
 * The history of a database's schema, as a fold over what was said of it (`applied`, `reverted`) and over snapshots of the
 * tools' own tables. A set of versions says all; a head only where the schema is, so it derives no reverts.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type Complete, type Snapshot, snapshotsOf } from "./snapshots.ts";

type Said = FactOf<"migration.applied">;
export type Word = FactOf<"migration.applied" | "migration.reverted">;
type Step = Complete | Word;

/** A version that is applied, and what is known of how it came to be. */
export interface Applied {
  readonly version: string;
  /** When: as the tool's own table says, else as it was said. Absent where only snapshots show it. */
  readonly at?: string;
  /** It was not there at this moment. */
  readonly after?: string;
  /** It had come by this moment. */
  readonly by: string;
  /** What was said of it, by whoever spoke of it. */
  readonly said?: Said;
  /** The first snapshot that showed it. */
  readonly shown?: Snapshot;
}

/** Since when a version was seen without a break, by snapshots that show it and by what was said of it. */
export interface Seen {
  /** The newest word that it was applied. */
  readonly said?: Said;
  /** Nothing showed it at this moment. Absent: as far as these facts go, it was always there. */
  readonly after?: string;
  /** The first moment at which it was seen. */
  readonly before: string;
}

/** What sets and words of them last said of a version. */
interface Told {
  readonly isApplied: boolean;
  readonly at: string;
}

/** A version that came or went between two sets, though nobody said so. */
export interface Change {
  readonly version: string;
  readonly isApplied: boolean;
  readonly when: { readonly appliedAt: string } | { readonly between: { after: string; before: string } };
}

/** A schema as of its newest snapshot, and what was said since, oldest first. */
export interface History {
  applied: Applied[];
  /** The newest snapshot that says all was a set: nothing else is applied. */
  isWhole: boolean;
  snapshot: Complete | undefined;
  readonly seen: Map<string, Seen>;
  /** When a version was last said to be reverted. */
  readonly gone: Map<string, string>;
  /** As of the newest set; absent before the first. */
  told: { readonly at: string; readonly versions: Map<string, Told> } | undefined;
  words: Word[];
}

export const emptyHistory = (): History => ({
  applied: [],
  isWhole: false,
  snapshot: undefined,
  seen: new Map(),
  gone: new Map(),
  told: undefined,
  words: [],
});

const latest = (...times: readonly (string | undefined)[]): string | undefined =>
  times
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);

/* What was said */

/** Brings a schema up to date by a word about it. */
export function say(it: History, word: Word): void {
  const { version, occurredAt } = word;
  const isApplied = word.kind === "migration.applied";
  it.told?.versions.set(version, { isApplied, at: occurredAt });
  const before = it.applied.find((one) => one.version === version);
  it.applied = it.applied.filter((one) => one !== before);
  if (!isApplied) {
    it.gone.set(version, occurredAt);
    it.seen.delete(version);
    return;
  }
  // Two sources may speak of one run, each of what it knows.
  const said = { ...before?.said, ...word };
  it.applied.push({ version, at: occurredAt, by: occurredAt, ...before, said });
  it.seen.set(version, { before: occurredAt, ...it.seen.get(version), said: word });
}

/* What a snapshot shows */

/** Its rows as applied versions: what came since the snapshot before was not there then. */
function shownBy(it: History, { mode, rows, at, facts: [shown] }: Complete): Applied[] {
  // A head does not say what lies below it: only another head is seen to have come since.
  const isTold = it.isWhole || mode === "head";
  const before = isTold ? it.snapshot?.at : undefined;
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

/** A head below what was applied says that the rest is gone; one never heard of comes on top. */
function headed(applied: readonly Applied[], rows: readonly Applied[]): Applied[] {
  const heads = new Map(rows.map((row) => [row.version, row]));
  const places = rows.map(({ version }) => applied.findIndex((one) => one.version === version));
  const updated = applied.map((one) => heads.get(one.version) ?? one);
  if (places.includes(-1)) return [...updated, ...rows.filter((_, n) => places[n] === -1)];
  return updated.slice(0, Math.max(...places) + 1);
}

/** Goes on with what is seen without a break. */
function see({ seen, gone, snapshot }: History, { rows, at }: Complete): void {
  const shown = new Set(rows.map(({ version }) => version));
  for (const version of seen.keys()) if (!shown.has(version)) seen.delete(version);
  for (const version of shown) {
    const after = latest(snapshot?.at, gone.get(version));
    if (!seen.has(version)) seen.set(version, { before: at, ...(after === undefined ? {} : { after }) });
  }
}

/** What a set shows that neither the set before it nor anybody since says, while its parts were read or before. */
function changesOf({ told, words }: History, { rows, at }: Complete): Change[] {
  if (told === undefined) return [];
  const later = new Set(words.map(({ version }) => version));
  const shown = new Map(rows.map((row) => [row.version, row]));
  return [...new Set([...shown.keys(), ...told.versions.keys()])].flatMap((version): Change[] => {
    const last = told.versions.get(version) ?? { isApplied: false, at: told.at };
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
    it.told = { at, versions: new Map(step.rows.map(({ version }) => [version, { isApplied: true, at }])) };
  }
  return changes;
}

/* The fold */

/**
 * Goes on by one step. Returns what a set shows that nobody said.
 * @param said how many of the words since the newest snapshot came before the step: all, where steps go in order
 */
export function evolve(it: History, step: Step, said = it.words.length): Change[] {
  if (step.kind !== "complete") {
    it.words.push(step);
    return [];
  }
  for (const word of it.words.slice(0, said)) say(it, word);
  it.words = it.words.slice(said);
  return show(it, step);
}

const partsOf = (version: string): string[] => version.match(/\d+|\D+/g) ?? [];

/** Digits count as numbers: 9 comes before 10, and V1.9 before V1.10. */
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
 * What was applied at one moment, in the order of versions: tools apply it so, and many clocks tick in seconds. Other
 * facts of that moment stay where they are.
 */
function untied(facts: readonly Fact[]): Fact[] {
  const applied = facts
    .filter((fact) => fact.kind === "migration.applied")
    .sort((a, b) =>
      a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : byVersion(a.version, b.version),
    );
  return facts.map((fact) => (fact.kind === "migration.applied" ? (applied.shift() ?? fact) : fact));
}

/** What these facts of one database come to, oldest first; with the facts in the order in which they count. */
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

/** The newest word that a version was applied, of those that nobody took back since; of words since a snapshot. */
export function newestApplied({ words }: History): Said | undefined {
  const reverted = new Set<string>();
  for (const word of words.toReversed()) {
    if (word.kind === "migration.reverted") reverted.add(word.version);
    else if (!reverted.has(word.version)) return word;
  }
  return undefined;
}

/** The rows of the newest snapshot that show where the schema is. Empty: nothing is applied. Absent: no fact says. */
export function newestRows({ snapshot, words }: History): Complete["rows"] | undefined {
  if (snapshot === undefined) return undefined;
  const reverted = new Set(
    words.filter(({ kind }) => kind === "migration.reverted").map(({ version }) => version),
  );
  const left = snapshot.rows.filter(({ version }) => !reverted.has(version));
  if (snapshot.mode === "set") return left.slice(-1);
  return left.length < snapshot.rows.length ? undefined : left;
}
