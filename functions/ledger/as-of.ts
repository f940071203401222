/** The two times of a question. */
import type { KnownAt } from "./fact-reader.ts";

/** When (`at`), by which knowledge (`knownAt`), and the ledger's own clock. */
export interface AsOf extends KnownAt {
  /** The moment that the question is about: an ISO 8601 time in UTC. */
  readonly at: string;
  readonly now: Date;
  /** Facts recorded by `knownAt` may become visible up to this many milliseconds after it. */
  readonly settleMs: number;
}

/** A sender's clock may be ahead by at most this much. Facts cannot be corrected, so a wrong time would stay. */
export const MAX_AHEAD_MS = 10 * 60_000;

/**
 * The last `occurredAt` that counts for a question. What was reported has happened, whatever its sender's clock says. So
 * a question about now (not before `knownAt`) takes in every known fact, also those that are stamped ahead.
 */
export function reachOf({ at, knownAt }: Pick<AsOf, "at" | "knownAt">): string {
  if (at < knownAt) return at;
  const latest = new Date(Date.parse(knownAt) + MAX_AHEAD_MS).toISOString();
  return at > latest ? at : latest;
}

/** Whether the answer is final: no fact recorded by `knownAt` can still appear. */
export const isSettled = ({ knownAt, now, settleMs }: Omit<AsOf, "at">): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;

/** The last millisecond before a time: the state that a change at that time replaces. */
export const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();
