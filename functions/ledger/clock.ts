/** The clock of a ledger that one process writes: it never goes back, whatever the machine's does. */
import { StoreError } from "./store.ts";

/** A machine's clock that is behind by more than this was set wrong. */
const MAX_BEHIND_MS = 10 * 60_000;

export interface Clock {
  /** The later of the machine's clock and the newest time that this returned or that was recorded before. */
  readonly now: () => Date;
  /** Throws a StoreError where the machine's clock is so far behind that nothing may be recorded. */
  readonly check: () => void;
}

/**
 * @param newest the newest `recordedAt` of the ledger, if it has one
 * @param machine the machine's clock, in milliseconds
 */
export function steadyClock(newest: string | undefined, machine: () => number = Date.now): Clock {
  let latestMs = newest === undefined ? 0 : Date.parse(newest);
  return {
    now: () => {
      latestMs = Math.max(latestMs, machine());
      return new Date(latestMs);
    },
    check: () => {
      const behindMs = latestMs - machine();
      if (behindMs <= MAX_BEHIND_MS) return;
      throw new StoreError(
        "clock",
        `The machine's clock is ${Math.round(behindMs / 60_000)} minutes behind the newest fact (${new Date(latestMs).toISOString()}): nothing is recorded. Set the clock right, then send the same request again.`,
      );
    },
  };
}
