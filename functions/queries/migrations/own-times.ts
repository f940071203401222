/**
 * Own times: a snapshot's row that carries `appliedAt` was applied then, not when the snapshot was taken. So a snapshot
 * also answers questions about moments before it.
 */
import type { FactOf } from "../../../schemas/fact.ts";
import { by } from "../../../schemas/words/ordering.ts";
import type { Complete } from "./snapshots.ts";

/** A migration that a later snapshot dates. It counts from `occurredAt` on. */
export interface Inferred {
  readonly kind: "inferred";
  readonly version: string;
  readonly occurredAt: string;
  /** By its own row. Absent: a row below it in the set was applied at `occurredAt`, so it was applied by then. */
  readonly appliedAt?: string;
  /** It was not yet applied at this time. */
  readonly after?: string;
  readonly snapshot: Complete;
}

type Statements = readonly FactOf<"migration.applied" | "migration.reverted">[];

/** The versions whose state is known just before a snapshot, by the previous snapshot and the statements since. */
function lastStates(previous: Complete | undefined, statements: Statements) {
  const states = new Map<string, { readonly isApplied: boolean; readonly at: string }>();
  for (const { version } of previous?.rows ?? [])
    states.set(version, { isApplied: true, at: previous?.at ?? "" });
  for (const { version, kind, occurredAt } of statements)
    states.set(version, { isApplied: kind === "migration.applied", at: occurredAt });
  return states;
}

/**
 * The times from which the rows of a snapshot count: their own; else, in a set, the first own time of a row below them,
 * because the order of a set is the order of application. A head before the set says nothing about what lies below it.
 */
function timesOf({ mode, rows }: Complete, previous: Complete | undefined): (string | undefined)[] {
  const isOrdered = mode === "set" && previous?.mode !== "head";
  let below: string | undefined;
  return rows
    .toReversed()
    .map(({ appliedAt }) => {
      const time = appliedAt ?? (isOrdered ? below : undefined);
      if (appliedAt !== undefined && (below === undefined || appliedAt < below)) below = appliedAt;
      return time;
    })
    .reverse();
}

/**
 * What a snapshot dates before itself, in the order of application: versions that were not applied by what was known
 * before it. A time at which a snapshot or a statement says otherwise is contradicted, and dates nothing.
 * @param previous the complete snapshot before it
 * @param statements the statements between the two, oldest first
 */
export function inferredBy(
  previous: Complete | undefined,
  statements: Statements,
  snapshot: Complete,
): Inferred[] {
  const states = lastStates(previous, statements);
  const times = timesOf(snapshot, previous);
  return snapshot.rows
    .flatMap(({ version, appliedAt }, n): Inferred[] => {
      const time = times[n];
      const last = states.get(version);
      const after = last?.at ?? previous?.at;
      if (time === undefined || time > snapshot.at || last?.isApplied === true) return [];
      if (after !== undefined && time <= after) return [];
      return [
        {
          kind: "inferred",
          version,
          occurredAt: time,
          ...(appliedAt === undefined ? {} : { appliedAt }),
          ...(after === undefined ? {} : { after }),
          snapshot,
        },
      ];
    })
    .sort(by(({ occurredAt }) => occurredAt));
}
