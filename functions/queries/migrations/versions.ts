/** The applied versions of a database in the order of application, and the facts that determine them. */
import type { Fact } from "../../../schemas/fact.ts";
import { endOf, order } from "../../ledger/canonical.ts";
import { all, FEW, history, type KnownAt } from "../../ledger/fact-reader.ts";
import { type Applied, applyStatement } from "./history.ts";
import { historyOf, inferredAt, newestApplied, newestRows } from "./history-at.ts";
import { assembling } from "./snapshots.ts";

export interface Versions {
  /** In the order of application, as far as it is known. */
  readonly applied: readonly Applied[];
  /** The current versions, one for each head. Empty: nothing is applied. Undefined: unknown. */
  readonly newest: readonly string[] | undefined;
  /** Whether `applied` is complete. */
  readonly isWhole: boolean;
}

/**
 * The versions that are applied at a moment, by these facts of one database, oldest first. Later facts count only with
 * what they date before it.
 */
export function versionsOf(facts: readonly Fact[], at?: string): Versions {
  const { history: it, since } = historyOf(facts, at);
  const statement = newestApplied(since);
  const newest =
    statement === undefined ? newestRows(it)?.map(({ version }) => version) : [statement.version];
  for (const one of since) applyStatement(it, one);
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

/**
 * The snapshots after a moment, up to the first complete one: none after that one dates anything by then. One request,
 * unless it is in many parts; none if the question is about what is known last.
 * @param at a time or a sort key
 */
export async function snapshotsAfter(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
): Promise<Fact[]> {
  if (at >= knowledge.knownAt) return [];
  const assemble = assembling();
  const facts: Fact[] = [];
  const partition = { of: "snapshot", environment, database } as const;
  for await (const fact of history(knowledge, partition, { after: at }, FEW)) {
    facts.push(fact);
    if (fact.kind === "migration.snapshot" && assemble(fact) !== undefined) break;
  }
  return facts;
}

/**
 * The facts after a moment that date what was applied by then. None if its snapshots date nothing by then: statements
 * can only say that something was known already. Else a request for each thousand facts (or megabyte) up to them.
 * @param at a time or a sort key
 * @param earlier the facts up to the moment
 * @param snapshots see `snapshotsAfter`
 */
export async function factsAfter(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
  earlier: readonly Fact[],
  snapshots: readonly Fact[],
): Promise<readonly Fact[]> {
  const last = snapshots.at(-1);
  if (last === undefined || inferredAt([...earlier, ...snapshots], at).length === 0) return [];
  return all(knowledge, { of: "schema", environment, database }, { after: at, to: order(last) });
}

/** The facts that determine what was applied at a moment, with the later ones that date it. */
export async function factsAt(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
): Promise<Fact[]> {
  const [earlier, snapshots] = await Promise.all([
    factsUntil(knowledge, environment, database, at),
    snapshotsAfter(knowledge, environment, database, at),
  ]);
  return [...earlier, ...(await factsAfter(knowledge, environment, database, at, earlier, snapshots))];
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
