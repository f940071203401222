/** The description of a migration tool: how to identify the table of its history, and how to read it. */
import type { Engine, Row } from "./driver.ts";
import type { State } from "./state.ts";
import type { Clock } from "./values.ts";

/** The type of a column, where its name is too common. */
export type ColumnType = "number" | "text" | "time";

export interface Tool {
  readonly tool: string;
  /** The table's usual name. */
  readonly table: string;
  /** All columns of the table in lower case, except `optionalColumns`. */
  readonly columns: readonly string[];
  readonly columnTypes?: Readonly<Record<string, ColumnType>>;
  readonly optionalColumns?: readonly string[];
  /** A collection of MongoDB, with fields for columns; otherwise a table of a SQL database. */
  readonly isInMongodb?: true;
  /** Its table is another tool's, too: `--tool` has to choose it. */
  readonly onlyChosen?: true;
  /** The columns are too common: a table of another name has to be given by option. */
  readonly needsUsualName?: true;
  /** Another table, whose presence distinguishes two tools with the same columns. */
  readonly sibling?: { readonly table: string; readonly exists: boolean };
  readonly mode: "set" | "head";
  /** Sort by these columns for the order in which the tool applied them. */
  readonly order: readonly string[];
  /** The version of a row; `tags` are the names of Drizzle's migrations, by time. */
  readonly version: (row: Row, tags: ReadonlyMap<string, string>) => string | null | undefined;
  readonly checksum?: string;
  readonly appliedAt?: { readonly column: string; readonly on: Readonly<Partial<Record<Engine, Clock>>> };
  /** The state of each row; absent where only applied migrations have rows. */
  readonly states?: (rows: readonly Row[]) => State[];
  /** The databases on which it was tested with the tool itself. */
  readonly testedOn: string;
}

/** The states of rows, each of which says its own. */
export const each =
  (state: (row: Row) => State) =>
  (rows: readonly Row[]): State[] =>
    rows.map(state);

export const BY_FORMAT = "by the format only";
