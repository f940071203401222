/** Snapshots of migrations: assembles those that were reported in parts. */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { byOrder } from "../../ledger/canonical.ts";

export type Snapshot = FactOf<"migration.snapshot">;

/** A complete snapshot, as of its oldest part. */
export interface Complete {
  readonly kind: "complete";
  readonly mode: "set" | "head";
  readonly rows: readonly Snapshot["versions"][number][];
  readonly at: string;
  /** Its parts, in the order of their numbers. */
  readonly facts: readonly Snapshot[];
  readonly oldest: Snapshot;
}

/** The key of a snapshot's parts. It includes the source, because other sources may use the same name for a set. */
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
 * Assembles snapshots from parts. Each call returns the complete snapshot of its part, or undefined while parts are
 * missing. Of a part that was reported twice, the one passed last counts.
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

/** The complete snapshots among these facts (oldest first), each by its oldest part. */
export function snapshotsOf(facts: readonly Fact[]): ReadonlyMap<Fact, Complete> {
  const assemble = assembling();
  const newest = new Map<string, Complete>();
  for (const fact of facts) {
    const found = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (found !== undefined) newest.set(keyOf(found.oldest), found);
  }
  return new Map([...newest.values()].map((one) => [one.oldest, one]));
}
