/** What every question is asked with. */
import type { Knowledge } from "./read.ts";

/** One question: the moment, the knowledge it may rest on, and the ledger's own clock. */
export interface Moment extends Knowledge {
  readonly at: string;
  readonly now: Date;
  /** How long after `knownAt` facts recorded by then may still appear. */
  readonly settleMs: number;
}

export const isSettled = ({ knownAt, now, settleMs }: Moment): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;
