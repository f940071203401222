/** Every version that a database has applied, in the order of applying, and the facts that tell. */
import type { Fact } from "../../../schemas/fact.ts";
import { endOf, order } from "../../ledger/canonical.ts";
import { all, history, type KnownAt } from "../../ledger/fact-reader.ts";
import { type Applied, historyOf, newestApplied, newestRows, say } from "./history.ts";
import { assembling } from "./snapshots.ts";

export interface Versions {
  /** In the order of applying, as far as facts tell. */
  readonly applied: readonly Applied[];
  /** Where the schema stands, one entry for each head. Empty: nothing is applied. Absent: no fact says. */
  readonly newest: readonly string[] | undefined;
  /** A set was read: nothing else is applied. */
  readonly isWhole: boolean;
}

/** What these facts of one database, oldest first, leave applied. */
export function versionsOf(facts: readonly Fact[]): Versions {
  const { history: it } = historyOf(facts);
  const word = newestApplied(it);
  const newest = word === undefined ? newestRows(it)?.map(({ version }) => version) : [word.version];
  for (const one of it.words) say(it, one);
  return { applied: it.applied, newest, isWhole: it.isWhole };
}

/** Whether a version is applied; undefined where facts do not tell. */
export function isApplied({ applied, isWhole }: Versions, version: string): boolean | undefined {
  if (applied.some((one) => one.version === version)) return true;
  return isWhole ? false : undefined;
}

/* Reading */

/**
 * The facts of a database that tell what was applied at a moment, oldest first: from the moment of the set before it on,
 * or all there are. Costs a page for each thousand of them (or each megabyte).
 * @param at a time or an order
 * @param before an order: what stands there or behind it is left out
 */
export async function factsUntil(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
  before = endOf(at),
): Promise<Fact[]> {
  const assemble = assembling();
  const facts: Fact[] = [];
  let first: string | undefined;
  const partition = { of: "schema", environment, database } as const;
  for await (const fact of history(knowledge, partition, { to: at, descending: true })) {
    if (order(fact) >= before) continue;
    if (first !== undefined && fact.occurredAt !== first) break;
    facts.push(fact);
    if (fact.kind === "migration.snapshot" && assemble(fact)?.mode === "set") first ??= fact.occurredAt;
  }
  return facts.reverse();
}

/** Those that tell what was applied at a moment, and all since. */
export async function factsSince(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
): Promise<Fact[]> {
  const [earlier, later] = await Promise.all([
    factsUntil(knowledge, environment, database, at),
    all(knowledge, { of: "schema", environment, database }, { after: at }),
  ]);
  return [...earlier, ...later];
}
