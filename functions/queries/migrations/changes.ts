/**
 * Changes between two consecutive sets of a database's migrations that no statement reports: most tools delete the row of
 * a migration when they revert it.
 */
import type { Fact } from "../../../schemas/fact.ts";
import { order } from "../../ledger/canonical.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { type Change, emptyHistory, evolve, isStatement } from "./history.ts";
import { assembling } from "./snapshots.ts";
import { factsUntil } from "./versions.ts";

export type Comparing = (fact: Fact) => Change[];

/**
 * Takes the facts of one database in order, and returns the changes at the fact that completes a set. A set that is read
 * in parts may or may not show what was reported meanwhile, so such statements count as after it.
 */
export function comparing(): Comparing {
  const assemble = assembling();
  const history = emptyHistory();
  return (fact) => {
    if (isStatement(fact)) return evolve(history, fact);
    const set = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (set === undefined) return [];
    const at = order(set.oldest);
    if (history.snapshot !== undefined && at < order(history.snapshot.oldest)) return [];
    return evolve(history, set, history.words.filter((one) => order(one) < at).length);
  };
}

/** A comparison that starts with the facts before a sort key. It reads back only to the previous set. */
export async function comparingFrom(
  knowledge: KnownAt,
  environment: string,
  database: string,
  before: string,
): Promise<Comparing> {
  const compare = comparing();
  const facts = await factsUntil(knowledge, environment, database, before, before);
  for (const fact of facts) compare(fact);
  return compare;
}
