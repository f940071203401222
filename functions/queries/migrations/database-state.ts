/** The current migration of a database. */
import type { AppliedMigration } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { type KnownAt, pagesBack } from "../../ledger/fact-reader.ts";
import type { History } from "./history.ts";
import { historyOf, newestApplied, newestRows, type Since } from "./history-at.ts";
import type { Complete } from "./snapshots.ts";
import { factsAfter, snapshotsAfter } from "./versions.ts";

type Found = Omit<AppliedMigration, "database" | "failed">;

export interface DatabaseState {
  readonly migrations: Omit<AppliedMigration, "database">[];
  /** The facts that it rests on, newest first. */
  readonly facts: readonly Fact[];
}

const toolOf = (tool: string | undefined): Pick<Found, "tool"> => (tool === undefined ? {} : { tool });
const reversibleOf = ({ reversible }: Pick<Found, "reversible">): Pick<Found, "reversible"> =>
  reversible === undefined ? {} : { reversible };

/** The newest failure, unless that version was applied after it. */
function failureOf(facts: readonly Fact[], since: Since): Pick<AppliedMigration, "failed"> {
  const failed = facts.findLast((fact) => fact.kind === "migration.failed");
  if (failed === undefined) return {};
  const { version, occurredAt } = failed;
  const isMended =
    facts
      .slice(facts.indexOf(failed))
      .some((fact) => fact.kind === "migration.applied" && fact.version === version) ||
    since.some((one) => one.kind === "inferred" && one.version === version && one.occurredAt > occurredAt);
  return isMended ? {} : { failed: { version, at: occurredAt } };
}

/** A version of the newest snapshot. The time in the tool's own table takes precedence over statements. */
function foundIn(
  { seen, snapshot }: History,
  { version, appliedAt }: { version: string; appliedAt?: string },
): Found {
  const { said, after = null, before } = seen.get(version) ?? { before: snapshot?.at ?? "" };
  const when = said === undefined ? { appliedBetween: { after, before } } : { appliedAt: said.occurredAt };
  return {
    version,
    status: "known",
    ...(appliedAt === undefined ? when : { appliedAt }),
    ...toolOf(said?.tool ?? snapshot?.facts[0]?.tool),
    ...(said === undefined ? {} : reversibleOf(said)),
  };
}

/** The version that a statement reports last, or that a later snapshot dates last. */
function foundAs(statement: NonNullable<ReturnType<typeof newestApplied>>): Found {
  const { version, occurredAt } = statement;
  if (statement.kind === "migration.applied") {
    const { tool } = statement;
    return { version, status: "known", appliedAt: occurredAt, ...toolOf(tool), ...reversibleOf(statement) };
  }
  const { appliedAt, after = null, snapshot } = statement;
  return {
    version,
    status: "known",
    ...(appliedAt === undefined ? { appliedBetween: { after, before: occurredAt } } : { appliedAt }),
    ...toolOf(snapshot.facts[0]?.tool),
  };
}

/** The facts from the decisive one on, newest first, and of those the ones up to the moment, oldest first. */
function factsOf(
  facts: readonly Fact[],
  statement: ReturnType<typeof newestApplied>,
  snapshot: Complete | undefined,
): { readonly used: readonly Fact[]; readonly known: readonly Fact[] } {
  if (statement?.kind === "inferred") {
    const known = facts.filter(({ occurredAt }) => occurredAt >= statement.occurredAt);
    return { used: [...statement.snapshot.facts.toSorted(newestFirst), ...known.toReversed()], known };
  }
  const decisive = statement ?? snapshot?.oldest;
  const known = decisive === undefined ? facts : facts.slice(facts.indexOf(decisive));
  return { used: known.toReversed(), known };
}

/** The current version at a moment, and whether it is final: no older fact could change it. */
function stateOf(read: readonly Fact[], at: string): DatabaseState & { readonly isSure: boolean } {
  const { history, since, facts } = historyOf(read, at);
  const statement = newestApplied(since);
  const rows = newestRows(history);
  const { used, known } = factsOf(facts, statement, history.snapshot);
  const found = (): Found[] => {
    if (statement !== undefined) return [foundAs(statement)];
    if (rows === undefined) return [{ version: null, status: "unknown" }];
    return rows.length === 0
      ? [{ version: null, status: "empty" }]
      : rows.map((row) => foundIn(history, row));
  };
  const isTraced = ({ version }: { version: string }): boolean => {
    const { said, after } = history.seen.get(version) ?? {};
    return said !== undefined || after !== undefined;
  };
  // A later snapshot dates what the snapshot before it does not show, so that one must be read.
  const isSnapshotNeeded = statement?.kind !== "migration.applied";
  return {
    migrations: found().map((one) => ({ ...one, ...failureOf(known, since) })),
    facts: used,
    isSure:
      (!isSnapshotNeeded || history.snapshot !== undefined) &&
      (statement !== undefined || (rows ?? []).every(isTraced)),
  };
}

/** The state of one database: one entry, or one for each head. It reads back only as far as needed. */
export async function databaseState(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
): Promise<DatabaseState> {
  const pages = pagesBack(knowledge, { of: "schema", environment, database }, at);
  const [first, snapshots] = await Promise.all([
    pages.next(),
    snapshotsAfter(knowledge, environment, database, at),
  ]);
  const withLater = async (facts: readonly Fact[]) =>
    stateOf([...facts, ...(await factsAfter(knowledge, environment, database, at, facts, snapshots))], at);
  let facts: Fact[] = [];
  for (let page = first; page.done !== true; page = await pages.next()) {
    facts = [...page.value.toReversed(), ...facts];
    // Facts of the oldest moment may continue on the next page, so leave that moment out.
    const complete = facts.filter(({ occurredAt }) => occurredAt !== facts[0]?.occurredAt);
    const state = await withLater(complete);
    if (state.isSure) return state;
  }
  return withLater(facts);
}
