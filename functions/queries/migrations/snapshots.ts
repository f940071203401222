/** Snapshots of migrations as they are read: whole, whether they came in one statement or in parts. */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { byOrder } from "../../ledger/canonical.ts";

export type Snapshot = FactOf<"migration.snapshot">;

/** A snapshot with all its parts, as of its oldest part. */
export interface Complete {
  readonly kind: "complete";
  readonly mode: "set" | "head";
  readonly rows: readonly Snapshot["versions"][number][];
  readonly at: string;
  /** Its parts, by their numbers. */
  readonly facts: readonly Snapshot[];
  readonly oldest: Snapshot;
}

/** A source's own name for a set of parts: others may use the same. */
const keyOf = ({ source, id, mode, part }: Snapshot): string =>
  JSON.stringify(part === undefined ? [source, id] : [source, part.set, part.of, mode]);

function complete(parts: ReadonlyMap<number, Snapshot>): Complete | undefined {
  const facts = [...parts].sort(([a], [b]) => a - b).map(([, fact]) => fact);
  const [oldest] = facts.toSorted(byOrder);
  if (oldest === undefined || facts.length < (oldest.part?.of ?? 1)) return undefined;
  const rows = facts.flatMap(({ versions }) => versions);
  return { kind: "complete", mode: oldest.mode, rows, at: oldest.occurredAt, facts, oldest };
}

/**
 * Puts snapshots together, oldest part first: returns what is whole with a part, as often as a part comes. Of a part that
 * was sent twice the newest counts. (Which parts there are is the same in any order.)
 */
export function assembling(): (fact: Snapshot) => Complete | undefined {
  const sets = new Map<string, Map<number, Snapshot>>();
  return (fact) => {
    const key = keyOf(fact);
    const parts = (sets.get(key) ?? new Map<number, Snapshot>()).set(fact.part?.n ?? 1, fact);
    sets.set(key, parts);
    return complete(parts);
  };
}

/** The snapshots that are whole after all these facts, oldest first: each by its oldest part. */
export function snapshotsOf(facts: readonly Fact[]): ReadonlyMap<Fact, Complete> {
  const assemble = assembling();
  const newest = new Map<string, Complete>();
  for (const fact of facts) {
    const whole = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (whole !== undefined) newest.set(keyOf(whole.oldest), whole);
  }
  return new Map([...newest.values()].map((whole) => [whole.oldest, whole]));
}
