/**
 * Changes between two consecutive snapshots of a database's migrations that no statement reports: most tools delete the
 * row of a migration when they revert it.
 */
import type { Fact } from "../../../schemas/fact.ts";
import { order } from "../../ledger/canonical.ts";
import { emptyHistory, evolve, isStatement, NOTHING_SHOWN, type Shown } from "./history.ts";
import { assembling } from "./snapshots.ts";

export type Comparing = (fact: Fact) => Shown;

/**
 * Takes the facts of one database in order, and returns what each fact that completes a snapshot shows. A set that is
 * read in parts may or may not show what was reported meanwhile, so such statements count as after it.
 */
export function comparing(): Comparing {
  const assemble = assembling();
  const history = emptyHistory();
  return (fact) => {
    if (isStatement(fact)) return evolve(history, fact);
    const snapshot = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (snapshot === undefined) return NOTHING_SHOWN;
    const at = order(snapshot.oldest);
    if (history.snapshot !== undefined && at < order(history.snapshot.oldest)) return NOTHING_SHOWN;
    return evolve(history, snapshot, history.statements.filter((one) => order(one) < at).length);
  };
}
