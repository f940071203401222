/** The clock of a ledger with a single writer: monotonic, even if the machine's clock is set back. */
import { StoreError } from "./store.ts";

/** If the machine's clock is behind by more than this, it is set wrong. */
const MAX_BEHIND_MS = 10 * 60_000;

export interface Clock {
  /** The machine's time, but never earlier than the newest `recordedAt` or a time returned before. */
  readonly now: () => Date;
  /** Throws a StoreError if the machine's clock is more than ten minutes behind: then nothing may be recorded. */
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
