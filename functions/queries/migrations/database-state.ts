/** The current migration of a database. */
import type { AppliedMigration } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { type KnownAt, pagesBack } from "../../ledger/fact-reader.ts";
import { type History, historyOf, newestApplied, newestRows } from "./history.ts";

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
function failureOf(facts: readonly Fact[]): Pick<AppliedMigration, "failed"> {
  const failed = facts.findLast((fact) => fact.kind === "migration.failed");
  if (failed === undefined) return {};
  const { version, occurredAt } = failed;
  const isMended = facts
    .slice(facts.indexOf(failed))
    .some((fact) => fact.kind === "migration.applied" && fact.version === version);
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

/** The current version, and whether it is final: no older fact could change it. */
function stateOf(read: readonly Fact[]): DatabaseState & { readonly isSure: boolean } {
  const { history, facts } = historyOf(read);
  const word = newestApplied(history);
  const rows = newestRows(history);
  const decisive = word ?? history.snapshot?.oldest;
  const since = decisive === undefined ? facts : facts.slice(facts.indexOf(decisive));
  const found = (): Found[] => {
    if (word !== undefined) {
      const { version, occurredAt: appliedAt, tool } = word;
      return [{ version, status: "known", appliedAt, ...toolOf(tool), ...reversibleOf(word) }];
    }
    if (rows === undefined) return [{ version: null, status: "unknown" }];
    return rows.length === 0
      ? [{ version: null, status: "empty" }]
      : rows.map((row) => foundIn(history, row));
  };
  const isTraced = ({ version }: { version: string }): boolean => {
    const { said, after } = history.seen.get(version) ?? {};
    return said !== undefined || after !== undefined;
  };
  return {
    migrations: found().map((one) => ({ ...one, ...failureOf(since) })),
    facts: since.toReversed(),
    isSure: word !== undefined || (history.snapshot !== undefined && (rows ?? []).every(isTraced)),
  };
}

/** The state of one database: one entry, or one for each head. It reads back only as far as needed. */
export async function databaseState(
  knowledge: KnownAt,
  environment: string,
  database: string,
  at: string,
): Promise<DatabaseState> {
  let facts: Fact[] = [];
  for await (const page of pagesBack(knowledge, { of: "schema", environment, database }, at)) {
    facts = [...page.toReversed(), ...facts];
    // Facts of the oldest moment may continue on the next page, so leave that moment out.
    const complete = facts.filter(({ occurredAt }) => occurredAt !== facts[0]?.occurredAt);
    const state = stateOf(complete);
    if (state.isSure) return state;
  }
  return stateOf(facts);
}
