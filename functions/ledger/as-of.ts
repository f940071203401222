/** The moment that a question is about. */
import type { KnownAt } from "./fact-reader.ts";

/** The moment, the knowledge that an answer may rest on, and the ledger's own clock. */
export interface AsOf extends KnownAt {
  readonly at: string;
  readonly now: Date;
  /** How long after `knownAt` facts recorded by then may still appear. */
  readonly settleMs: number;
}

export const isSettled = ({ knownAt, now, settleMs }: Omit<AsOf, "at">): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;

/** The last millisecond before a time: what a moment shows there is what stood until then. */
export const justBefore = (time: string): string => new Date(Date.parse(time) - 1).toISOString();
