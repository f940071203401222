/**
 * What is applied by Flyway's history, which only grows: undoing a version and marking it as deleted add rows of their
 * own, which refer to the last row of that version before them (flyway/flyway, MigrationInfoServiceImpl; the types
 * UNDO_SQL and the like are those of its paid editions). Only a repair removes rows, those of failed migrations.
 */
import type { Row } from "./driver.ts";
import { APPLIED, FAILED, leftOut, type State } from "./state.ts";
import { isPresent, isTrue } from "./values.ts";

/** Rows come in the order of their rank. */
export function flywayStates(rows: readonly Row[]): State[] {
  const states = rows.map(stateOf);
  rows.forEach((row, at) => {
    if (!isRevert(row)) return;
    rows.slice(0, at).forEach((earlier, n) => {
      if (earlier.version !== row.version || states[n]?.is === "left out") return;
      states[n] = leftOut(row.type === "DELETE" ? "marked as deleted" : "undone");
    });
  });
  return states;
}

const isUndo = ({ type }: Row): boolean => type?.startsWith("UNDO_") === true;

/** A failed undo has reverted nothing. */
const isRevert = (row: Row): boolean =>
  isPresent(row.version) && isTrue(row.success) && (row.type === "DELETE" || isUndo(row));

function stateOf(row: Row): State {
  if (row.type === "SCHEMA") return leftOut("Flyway's own");
  if (!isPresent(row.version)) return leftOut("repeatable, without a version");
  if (!isTrue(row.success)) return FAILED;
  return row.type === "DELETE" || isUndo(row) ? leftOut("reverts another") : APPLIED;
}
