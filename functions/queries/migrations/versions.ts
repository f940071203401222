/** The applied versions of a database in the order of application, and the facts that determine them. */
import type { Fact } from "../../../schemas/fact.ts";
import { endOf, order } from "../../ledger/canonical.ts";
import { all, history, type KnownAt } from "../../ledger/fact-reader.ts";
import { type Applied, applyStatement, historyOf, newestApplied, newestRows } from "./history.ts";
import { assembling } from "./snapshots.ts";

export interface Versions {
  /** In the order of application, as far as it is known. */
  readonly applied: readonly Applied[];
  /** The current versions, one for each head. Empty: nothing is applied. Undefined: unknown. */
  readonly newest: readonly string[] | undefined;
  /** Whether `applied` is complete. */
  readonly isWhole: boolean;
}

/** The versions that are applied after these facts of one database, oldest first. */
export function versionsOf(facts: readonly Fact[]): Versions {
  const { history: it } = historyOf(facts);
  const word = newestApplied(it);
  const newest = word === undefined ? newestRows(it)?.map(({ version }) => version) : [word.version];
  for (const one of it.words) applyStatement(it, one);
  return { applied: it.applied, newest, isWhole: it.isWhole };
}

/** Whether a version is applied; undefined if unknown. */
export function isApplied({ applied, isWhole }: Versions, version: string): boolean | undefined {
  if (applied.some((one) => one.version === version)) return true;
  return isWhole ? false : undefined;
}

/* Reading */

/**
 * The facts of a database that determine what was applied at a moment, oldest first: from the newest set before it on, or
 * all. It costs a page for each thousand of them (or megabyte).
 * @param at a time or a sort key
 * @param before a sort key: facts at or after it are left out
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

/** The facts that determine what was applied at a moment, and all facts since. */
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
