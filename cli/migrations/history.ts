/** A migration history: what is applied now, what failed, and which rows were skipped and why. */
import type { Connection } from "./connection.ts";
import { type Found, nameOf } from "./detect.ts";
import type { Row } from "./driver.ts";
import { APPLIED, type State } from "./state.ts";
import type { Tool } from "./tool.ts";
import { byColumns, instantOf, isPresent } from "./values.ts";

export interface Version {
  readonly version: string;
  readonly appliedAt?: string;
  readonly checksum?: string;
}

export interface History {
  readonly tool: string;
  /** The table or report that it was read from, for people. */
  readonly from: string;
  readonly mode: "set" | "head";
  /** The time that it describes. */
  readonly at: string;
  /** In the order in which the tool applied them. */
  readonly versions: readonly Version[];
  readonly failed: readonly Version[];
  /** Numbers of skipped rows, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** Rows of a history, and how to interpret them: sources differ in states and times. */
export interface Reading {
  readonly tool: Tool;
  readonly from: string;
  readonly at: string;
  readonly rows: readonly Row[];
  /** The state of each row, in the tool's order. */
  readonly states: (rows: readonly Row[]) => readonly State[];
  /** When a row was applied; undefined where unknown. */
  readonly appliedAt: (row: Row) => string | undefined;
  /** Names of Drizzle's migrations, by time. */
  readonly tags?: ReadonlyMap<string, string>;
}

const NO_TAGS: ReadonlyMap<string, string> = new Map();

export function historyOf({ tool, from, at, rows, states, appliedAt, tags = NO_TAGS }: Reading): History {
  const sorted = rows.toSorted(byColumns(tool.order));
  const said = states(sorted);
  const versions: Version[] = [];
  const failed: Version[] = [];
  const leftOut = new Map<string, number>();
  sorted.forEach((row, n) => {
    const state = said[n] ?? APPLIED;
    const version = tool.version(row, tags);
    if (state.is !== "left out" && isPresent(version)) {
      const list = state.is === "failed" ? failed : versions;
      list.push({ version, ...timed(appliedAt(row)), ...checked(tool, row) });
    } else {
      const why = state.is === "left out" ? state.why : "without a version";
      leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
    }
  });
  return { tool: tool.tool, from, mode: tool.mode, at, versions, failed, leftOut };
}

/** Reads all rows of a history's table. Throws a CliError. */
export async function readHistory(
  connection: Connection,
  { tool, table }: Found,
  tags?: ReadonlyMap<string, string>,
): Promise<History> {
  const { appliedAt } = tool;
  const clock = appliedAt?.on[connection.engine];
  return historyOf({
    tool,
    from: nameOf(table),
    at: connection.now,
    rows: await connection.rows(table),
    states: tool.states ?? ((rows) => rows.map(() => APPLIED)),
    appliedAt: (row) =>
      appliedAt === undefined || clock === undefined ? undefined : instantOf(row[appliedAt.column], clock),
    ...(tags === undefined ? {} : { tags }),
  });
}

const timed = (appliedAt: string | undefined): Pick<Version, "appliedAt"> =>
  appliedAt === undefined ? {} : { appliedAt };

function checked({ checksum }: Tool, row: Row): Pick<Version, "checksum"> {
  const value = checksum === undefined ? undefined : row[checksum];
  return isPresent(value) ? { checksum: value } : {};
}
