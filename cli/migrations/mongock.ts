/**
 * What is applied by Mongock's log, which only grows: each run adds an entry for each change unit, with its state. The
 * newest entry that is neither ignored nor failed decides (mongock/mongock, ChangeEntryService.getExecuted; a change
 * unit is identified by id and author, ChangeKey). Entries of old versions have no state: they were executed.
 */
import type { Row } from "./driver.ts";
import { APPLIED, FAILED, leftOut, type State } from "./state.ts";

/** Documents come in the order of their times. */
export function mongockStates(rows: readonly Row[]): State[] {
  const states = rows.map(stateOf);
  /** For each change unit, the entry that stands for it so far. */
  const standing = new Map<string, number>();
  rows.forEach((row, n) => {
    const key = JSON.stringify([row.changeid, row.author]);
    const before = standing.get(key);
    const isApplied = before !== undefined && states[before]?.is === "applied";
    if (row.state === "ROLLED_BACK" && before !== undefined) {
      states[before] = leftOut("rolled back");
      standing.delete(key);
    } else if (states[n]?.is !== "left out" && isApplied) {
      // It has been applied since its first run, whatever came of running it again.
      states[n] = leftOut("run again");
    } else if (states[n]?.is !== "left out") {
      if (before !== undefined) states[before] = leftOut("failed before");
      standing.set(key, n);
    }
  });
  return states;
}

function stateOf({ state, type, systemchange }: Row): State {
  if (systemchange === "true") return leftOut("Mongock's own");
  if (type === "BEFORE_EXECUTION") return leftOut("runs before a change unit");
  if (state === "FAILED" || state === "ROLLBACK_FAILED") return FAILED;
  if (state === "ROLLED_BACK") return leftOut("rolled back");
  if (state === "IGNORED") return leftOut("ignored");
  return APPLIED;
}
