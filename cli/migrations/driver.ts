/** What one database engine's file provides: how to query it, and how its SQL is written. */

export type Engine = "PostgreSQL" | "MySQL" | "SQLite";

export interface Driver {
  readonly engine: Engine;
  readonly query: (sql: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
  /** Query for `schema`, `table`, `column`, `type` of all user tables. */
  readonly columns: string;
  /** Query for the clock, as `now`. */
  readonly clock: string;
  readonly quoted: (name: string) => string;
  readonly asText: (column: string) => string;
}

export const CONNECT_MS = 10_000;
export const QUERY_MS = 30_000;
