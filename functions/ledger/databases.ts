/**
 * Which migration a database stood at: from what was said (`applied`, `reverted`) and from snapshots of the
 * tools' own tables. A set of versions says all; a head only where the schema is, so it derives no reverts.
 */
import type { AppliedMigration } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { history, type Knowledge } from "./read.ts";

type Snapshot = FactOf<"migration.snapshot">;
type Row = Snapshot["versions"][number];

/** A snapshot with all its parts, as of its oldest part. */
export interface Complete {
  readonly mode: "set" | "head";
  readonly rows: readonly Row[];
  readonly at: string;
  readonly facts: readonly Snapshot[];
}

/**
 * Puts the parts of snapshots together, whichever way they are read. Returns a snapshot with the part that
 * completes it; of parts read twice the first counts.
 */
export function assembling(): (fact: Snapshot) => Complete | undefined {
  const sets = new Map<string, Map<number, Snapshot>>();
  const done = new Set<string>();
  return (fact) => {
    const { part, mode } = fact;
    if (part === undefined) return { mode, rows: fact.versions, at: fact.occurredAt, facts: [fact] };
    const key = JSON.stringify([fact.source, part.set, part.of, mode]);
    const parts = sets.get(key) ?? new Map<number, Snapshot>();
    sets.set(key, parts);
    if (!parts.has(part.n)) parts.set(part.n, fact);
    if (parts.size < part.of || done.has(key)) return undefined;
    done.add(key);
    const facts = [...parts].sort(([a], [b]) => a - b).map(([, one]) => one);
    const times = facts.map(({ occurredAt }) => occurredAt).sort();
    return { mode, rows: facts.flatMap(({ versions }) => versions), at: times[0] ?? fact.occurredAt, facts };
  };
}

/* Order */

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
    .sort((a, b) => byVersion(a.version, b.version));
  return facts.map((fact) => (fact.kind === "migration.applied" ? (applied.shift() ?? fact) : fact));
}

/** Facts of a database's schema, newest first, as far as the caller reads. */
export async function* schemaFacts(
  knowledge: Knowledge,
  environment: string,
  database: string,
  span: { readonly to?: string; readonly after?: string },
): AsyncGenerator<Fact> {
  const partition = { of: "schema", environment, database } as const;
  let moment: Fact[] = [];
  for await (const fact of history(knowledge, partition, { ...span, descending: true })) {
    if (moment[0] !== undefined && moment[0].occurredAt !== fact.occurredAt) {
      yield* untied(moment.toReversed()).reverse();
      moment = [];
    }
    moment.push(fact);
  }
  yield* untied(moment.toReversed()).reverse();
}

type Found = Pick<
  AppliedMigration,
  "version" | "status" | "appliedAt" | "appliedBetween" | "tool" | "reversible"
>;

const tooled = (tool: string | undefined): Pick<Found, "tool"> => (tool === undefined ? {} : { tool });

/** A version that a snapshot shows, until something further back says when it came. */
class Tracing {
  readonly row: Row;
  private before: string;
  private readonly tool: string | undefined;
  result: Found | undefined;

  constructor(row: Row, snapshot: Complete) {
    this.row = row;
    this.before = snapshot.at;
    this.tool = snapshot.facts[0]?.tool;
  }

  /** The tool's own record of when is the best there is. */
  private found(when: Pick<Found, "appliedAt" | "appliedBetween">): Found {
    const { version, appliedAt } = this.row;
    return {
      version,
      status: "known",
      ...tooled(this.tool),
      ...(appliedAt === undefined ? when : { appliedAt }),
    };
  }

  end(after: string | null): Found {
    return this.result ?? this.found({ appliedBetween: { after, before: this.before } });
  }

  take(fact: Fact, snapshot: Complete | undefined): void {
    if (this.result !== undefined) return;
    const { version } = this.row;
    if (fact.kind === "migration.applied" && fact.version === version) {
      const { tool, reversible } = fact;
      this.result = {
        ...this.found({ appliedAt: fact.occurredAt }),
        ...tooled(tool ?? this.tool),
        ...(reversible === undefined ? {} : { reversible }),
      };
    } else if (fact.kind === "migration.reverted" && fact.version === version)
      this.result = this.end(fact.occurredAt);
    else if (snapshot !== undefined) this.compare(snapshot);
  }

  private compare(snapshot: Complete): void {
    if (snapshot.rows.some(({ version }) => version === this.row.version)) this.before = snapshot.at;
    else this.result = this.end(snapshot.at);
  }
}

const UNKNOWN: Found = { version: null, status: "unknown" };
const EMPTY: Found = { version: null, status: "empty" };

function applied(fact: FactOf<"migration.applied">): Found {
  const { version, occurredAt, tool, reversible } = fact;
  return {
    version,
    status: "known",
    appliedAt: occurredAt,
    ...tooled(tool),
    ...(reversible === undefined ? {} : { reversible }),
  };
}

/** What a snapshot shows as current, after what was reverted since. */
function shown(snapshot: Complete, reverted: ReadonlySet<string>): Found | Tracing[] {
  if (snapshot.rows.length === 0) return EMPTY;
  const rows = snapshot.rows.filter(({ version }) => !reverted.has(version));
  if (snapshot.mode === "head") {
    return rows.length < snapshot.rows.length ? UNKNOWN : rows.map((row) => new Tracing(row, snapshot));
  }
  const last = rows.at(-1);
  return last === undefined ? EMPTY : [new Tracing(last, snapshot)];
}

export interface DatabaseState {
  readonly migrations: Omit<AppliedMigration, "database">[];
  /** The newest facts that it rests on. */
  readonly facts: readonly Fact[];
}

/** A walk back through a database's facts, as far as it has come. */
interface Walk {
  readonly reverted: Set<string>;
  readonly appliedSince: Set<string>;
  readonly facts: Fact[];
  /** null: the newest failure was mended, by applying that version after all. */
  failed: FactOf<"migration.failed"> | null | undefined;
  found: Found | Tracing[] | undefined;
}

/** Looks for the current version: the newest that was applied and not reverted since. */
function seek(walk: Walk, fact: Fact, snapshot: Complete | undefined): void {
  walk.facts.push(fact);
  switch (fact.kind) {
    case "migration.failed":
      if (walk.failed === undefined) walk.failed = walk.appliedSince.has(fact.version) ? null : fact;
      break;
    case "migration.reverted":
      walk.reverted.add(fact.version);
      break;
    case "migration.applied":
      walk.appliedSince.add(fact.version);
      if (!walk.reverted.has(fact.version)) walk.found = applied(fact);
      break;
    default:
      if (snapshot !== undefined) walk.found = shown(snapshot, walk.reverted);
  }
}

const isDone = ({ found }: Walk): boolean =>
  found !== undefined && (!Array.isArray(found) || found.every(({ result }) => result !== undefined));

function foundBy({ found }: Walk): Found[] {
  if (found === undefined) return [UNKNOWN];
  return Array.isArray(found) ? found.map((tracing) => tracing.end(null)) : [found];
}

/** The state of one database: one entry, or one for each head. Reads back only as far as the answer lies. */
export async function databaseState(
  knowledge: Knowledge,
  environment: string,
  database: string,
  at: string,
): Promise<DatabaseState> {
  const assemble = assembling();
  const walk: Walk = {
    reverted: new Set(),
    appliedSince: new Set(),
    facts: [],
    failed: undefined,
    found: undefined,
  };
  for await (const fact of schemaFacts(knowledge, environment, database, { to: at })) {
    const snapshot = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (walk.found === undefined) seek(walk, fact, snapshot);
    else if (Array.isArray(walk.found)) for (const tracing of walk.found) tracing.take(fact, snapshot);
    if (isDone(walk)) break;
  }
  const { failed } = walk;
  const failure = failed ? { failed: { version: failed.version, at: failed.occurredAt } } : {};
  return { migrations: foundBy(walk).map((one) => ({ ...one, ...failure })), facts: walk.facts };
}
