/**
 * What two consecutive sets of a database's migrations show that nobody said: most tools delete a migration's row
 * when they revert it.
 */
import type { Fact } from "../../../schemas/fact.ts";
import { order } from "../../ledger/canonical.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { type Change, emptyHistory, evolve, isStatement } from "./history.ts";
import { assembling } from "./snapshots.ts";
import { factsUntil } from "./versions.ts";

export type Comparing = (fact: Fact) => Change[];

/**
 * Takes the facts of one database in order; returns the changes with the fact that completes a set. What was said while
 * its parts were read, it may or may not show: that was said after it.
 */
export function comparing(): Comparing {
  const assemble = assembling();
  const history = emptyHistory();
  return (fact) => {
    if (isStatement(fact)) return evolve(history, fact);
    const whole = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (whole === undefined) return [];
    const at = order(whole.oldest);
    if (history.snapshot !== undefined && at < order(history.snapshot.oldest)) return [];
    return evolve(history, whole, history.words.filter((word) => order(word) < at).length);
  };
}

/** As if all facts of a database before an order had been taken: reads back to the set before it, no further. */
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
