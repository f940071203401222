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

/** Whether the answer is final: no fact recorded by `knownAt` can still appear. */
export const isSettled = ({ knownAt, now, settleMs }: Omit<AsOf, "at">): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;

/** The last millisecond before a time: the state that a change at that time replaces. */
export const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();
