/**
 * Every version that a database has applied, in the order of applying: as far as facts tell. Sets say all; heads
 * only where the schema is; what was said (`applied`, `reverted`) holds from its own moment on.
 */
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { assembling, type Complete, schemaFacts } from "./databases.ts";
import type { Knowledge } from "./read.ts";

type Snapshot = FactOf<"migration.snapshot">;
type Said = FactOf<"migration.applied">;

/** A version that is applied, and what is known of how it came to be. */
export interface Applied {
  readonly version: string;
  /** When: as the tool's own table says, else as it was said. Absent where only snapshots show it. */
  readonly at?: string;
  /** It was not there at this moment. */
  readonly after?: string;
  /** It had come by this moment. */
  readonly by: string;
  readonly said?: Said;
  /** The first snapshot that showed it. */
  readonly shown?: Snapshot;
}

export interface Versions {
  readonly applied: readonly Applied[];
  /** Where the schema stands, one entry for each head. Empty: nothing is applied. Absent: no fact says. */
  readonly newest: readonly string[] | undefined;
  /** A set was read: nothing else is applied. */
  readonly isWhole: boolean;
}

type Step = Complete | FactOf<"migration.applied" | "migration.reverted">;

/** What happened, oldest first; a snapshot stands where the oldest of its parts does. */
function stepsOf(facts: readonly Fact[]): Step[] {
  const assemble = assembling();
  return facts
    .toReversed()
    .flatMap((fact): Step[] => {
      if (fact.kind === "migration.applied" || fact.kind === "migration.reverted") return [fact];
      const complete = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
      return complete === undefined ? [] : [complete];
    })
    .reverse();
}

/** What is known after some of the steps. */
interface Reading {
  applied: Applied[];
  /** The newest snapshot, and what was said since. */
  snapshot: Complete | undefined;
  appliedSince: string[];
  revertedSince: Set<string>;
  /** When a version was last said to be reverted. */
  readonly gone: Map<string, string>;
  isWhole: boolean;
}

function showing(reading: Reading, snapshot: Complete): Applied[] {
  // A head does not say what lies below it: only another head is seen to have come since.
  const isTold = reading.isWhole || snapshot.mode === "head";
  const before = isTold ? reading.snapshot?.at : undefined;
  const known = new Map(reading.applied.map((one) => [one.version, one]));
  return snapshot.rows.map(({ version, appliedAt }) => {
    const shown = snapshot.facts[0];
    const gone = reading.gone.get(version);
    const after = [before, gone]
      .filter((one) => one !== undefined)
      .sort()
      .at(-1);
    const found = known.get(version) ?? {
      version,
      by: snapshot.at,
      ...(after === undefined ? {} : { after }),
    };
    return {
      ...found,
      ...(appliedAt === undefined ? {} : { at: appliedAt }),
      ...(found.shown === undefined && shown !== undefined ? { shown } : {}),
    };
  });
}

/** A head below what was applied says that the rest is gone; one never heard of comes on top. */
function headed(reading: Reading, rows: readonly Applied[]): Applied[] {
  const heads = new Map(rows.map((row) => [row.version, row]));
  const places = rows.map(({ version }) => reading.applied.findIndex((one) => one.version === version));
  const updated = reading.applied.map((one) => heads.get(one.version) ?? one);
  if (places.includes(-1)) {
    return [...updated, ...rows.filter((_, n) => places[n] === -1)];
  }
  return updated.slice(0, Math.max(...places) + 1);
}

function take(reading: Reading, step: Step): void {
  if (!("kind" in step)) {
    const rows = showing(reading, step);
    const isAll = step.mode === "set" || rows.length === 0;
    reading.applied = isAll ? rows : headed(reading, rows);
    reading.isWhole = isAll;
    reading.snapshot = step;
    reading.appliedSince = [];
    reading.revertedSince = new Set();
    return;
  }
  const { version, occurredAt } = step;
  const before = reading.applied.find((one) => one.version === version);
  reading.applied = reading.applied.filter((one) => one !== before);
  reading.appliedSince = reading.appliedSince.filter((one) => one !== version);
  if (step.kind === "migration.applied") {
    // Two sources may speak of one run, each of what it knows.
    const said = { ...before?.said, ...step };
    reading.applied.push({ version, at: occurredAt, by: occurredAt, ...before, said });
    reading.appliedSince.push(version);
  } else {
    reading.gone.set(version, occurredAt);
    reading.revertedSince.add(version);
  }
}

/** As `databaseState` has it: what was last said to be applied, else what the newest snapshot leaves. */
function newestOf({ snapshot, appliedSince, revertedSince }: Reading): string[] | undefined {
  const last = appliedSince.at(-1);
  if (last !== undefined) return [last];
  if (snapshot === undefined) return undefined;
  const rows = snapshot.rows.map(({ version }) => version);
  const left = rows.filter((version) => !revertedSince.has(version));
  if (snapshot.mode === "set") return left.slice(-1);
  return left.length < rows.length ? undefined : left;
}

/** What these facts of one database, in order, leave applied. */
export function versionsOf(facts: readonly Fact[]): Versions {
  const reading: Reading = {
    applied: [],
    snapshot: undefined,
    appliedSince: [],
    revertedSince: new Set(),
    gone: new Map(),
    isWhole: false,
  };
  for (const step of stepsOf(facts)) take(reading, step);
  return { applied: reading.applied, newest: newestOf(reading), isWhole: reading.isWhole };
}

/** Whether a version is applied; undefined where facts do not tell. */
export function isApplied({ applied, isWhole }: Versions, version: string): boolean | undefined {
  if (applied.some((one) => one.version === version)) return true;
  return isWhole ? false : undefined;
}

/**
 * The facts of a database that tell what was applied at a moment, in order: from the set before that moment on, or all
 * there are. Costs a page for each thousand of them (or each megabyte).
 */
export async function factsUntil(
  knowledge: Knowledge,
  environment: string,
  database: string,
  at: string,
): Promise<Fact[]> {
  const assemble = assembling();
  const facts: Fact[] = [];
  for await (const fact of schemaFacts(knowledge, environment, database, { to: at })) {
    facts.push(fact);
    if (fact.kind === "migration.snapshot" && assemble(fact)?.mode === "set") break;
  }
  return facts.reverse();
}

/** Those that tell what was applied at a moment, and all since. */
export async function factsSince(
  knowledge: Knowledge,
  environment: string,
  database: string,
  at: string,
): Promise<Fact[]> {
  const since = async (): Promise<Fact[]> => {
    const facts: Fact[] = [];
    for await (const fact of schemaFacts(knowledge, environment, database, { after: at })) facts.push(fact);
    return facts.reverse();
  };
  const [earlier, later] = await Promise.all([factsUntil(knowledge, environment, database, at), since()]);
  return [...earlier, ...later];
}
