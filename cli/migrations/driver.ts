/** The interface of a database engine; and for SQL, how to query it and which dialect it speaks. */

export type Engine = "PostgreSQL" | "MySQL" | "SQLite" | "MongoDB";

/** A row by column name in lower case. Times with a zone are in UTC; those without are unchanged. */
export type Row = Readonly<Record<string, string | null>>;

export interface Table {
  /** Absent in SQLite and MongoDB, which have no schemas. */
  readonly schema: string | undefined;
  readonly name: string;
  /** By name in lower case: the name as written, and the type as the database names it. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly type: string }>;
}

/** A database as it is read. Its methods throw what the engine's driver throws. */
export interface Database {
  readonly engine: Engine;
  /** The database's clock, as an RFC 3339 time. */
  readonly clock: () => Promise<string>;
  /** All tables; of MongoDB, the collections of the names that are wanted. */
  readonly tables: (isWanted: (name: string) => boolean) => Promise<Table[]>;
  readonly rows: (table: Table) => Promise<Row[]>;
  readonly close: () => Promise<void>;
}

/** One transaction on one snapshot of a SQL database. */
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
