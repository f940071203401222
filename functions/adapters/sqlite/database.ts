/**
 * One SQLite file, opened by one process. No other module knows the driver and its errors.
 *
 * Write-ahead log with `synchronous=FULL`: a commit is on disk (fsync) before a write is acknowledged. All writes of one
 * turn of the event loop share a transaction, and so one fsync (group commit).
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type Driver from "libsql";
import { StoreError } from "../../ledger/store.ts";
import { open } from "./driver.ts";
import { CannotOpen, checkFormat, checkSchema, prepareTables, type Settings } from "./schema.ts";

/** Another process has opened the folder. */
export class InUse extends Error {}

export type Value = string | number | null;

export interface Statement {
  /** Runs the statement. Returns the number of changed rows, and the id of the last inserted row. */
  run(...values: Value[]): { changes: number; id: number };
  /** All rows, each a list of its columns. */
  rows(...values: Value[]): unknown[][];
  /** The first column of the first row, as text; empty if there is no row. For results built as one JSON text. */
  text(...values: Value[]): string;
}

export interface Database {
  readonly file: string;
  /** How long SQLite waits for another process that uses the file. */
  readonly busyMs: number;
  prepare(sql: string): Statement;
  /**
   * Applies a write in the transaction of this turn. Resolves when it is durable. A write that throws fails alone: the
   * other writes of the turn are committed. Rejects with a StoreError.
   */
  write<T>(apply: () => T): Promise<T>;
  /** Closes the file; no write may be in progress. */
  close(): void;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Converts an error of SQLite to a StoreError. */
export function faultOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const why = `SQLite: ${code}: ${messageOf(error)}`;
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR"))
    return new StoreError(
      "full",
      "The disk is full or failed: nothing was recorded. Make room on the disk of ASOF_DATA, then send the same request again.",
      error,
    );
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB")
    return new StoreError("damaged", DAMAGED, error);
  return new StoreError(code.startsWith("SQLITE_READONLY") ? "misconfigured" : "unavailable", why, error);
}

export const DAMAGED =
  "The ledger's file is damaged. Run `asof check` to see where, and restore a backup with `asof restore`.";

const textOf = (value: unknown): unknown => (Buffer.isBuffer(value) ? value.toString() : value);

function columnsOf(row: unknown): unknown[] {
  if (Array.isArray(row)) return row.map(textOf);
  throw new Error("the driver returned a row that is not a list");
}

/**
 * Rewrites a query to return its texts as bytes: the driver aborts the process when a text is not UTF-8, which happens
 * in damaged files.
 */
function withBytes(driver: Driver.Database, sql: string): string {
  if (!sql.trimStart().startsWith("SELECT")) return sql;
  const columns = driver
    .prepare(sql)
    .columns()
    .map((_, n) => `c${n}`);
  const bytes = columns.map(
    (name) => `CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`,
  );
  return `WITH rows(${columns.join(", ")}) AS (${sql}) SELECT ${bytes.join(", ")} FROM rows`;
}

/** A connection, and whether it is open: the driver aborts the process when a closed connection is used. */
interface Connection {
  readonly driver: Driver.Database;
  isOpen: boolean;
}

function checkOpen({ isOpen }: Connection): void {
  if (!isOpen) throw new StoreError("unavailable", "The ledger's file is closed: the ledger is stopping.");
}

function statementOf(connection: Connection, sql: string): Statement {
  checkOpen(connection);
  const statement = connection.driver.prepare(withBytes(connection.driver, sql));
  if (statement.reader) statement.raw(true);
  const run: Statement["run"] = (...values) => {
    checkOpen(connection);
    const { changes, lastInsertRowid } = statement.run(...values);
    return { changes, id: Number(lastInsertRowid) };
  };
  const rows: Statement["rows"] = (...values) => {
    checkOpen(connection);
    try {
      return statement.all(...values).map(columnsOf);
    } catch (error) {
      throw faultOf(error);
    }
  };
  return { run, rows, text: (...values) => String(rows(...values)[0]?.[0] ?? "") };
}

/** One queued write. */
interface Pending {
  /** Applies the write inside a transaction. Returns a function that resolves the caller's promise after the commit. */
  readonly apply: () => () => void;
  readonly fail: (error: StoreError) => void;
}

/** Commits the writes of a turn together; if one fails, each of them separately. */
function commit(connection: Connection, writes: readonly Pending[]): void {
  const { driver } = connection;
  try {
    checkOpen(connection);
    driver.exec("BEGIN IMMEDIATE");
    const tell = writes.map(({ apply }) => apply());
    driver.exec("COMMIT");
    for (const done of tell) done();
  } catch (error) {
    if (connection.isOpen && driver.inTransaction) driver.exec("ROLLBACK");
    const [first, ...others] = writes;
    if (others.length > 0) for (const one of writes) commit(connection, [one]);
    else first?.fail(faultOf(error));
  }
}

function groupCommit(connection: Connection): Database["write"] {
  let pending: Pending[] = [];
  const flush = () => {
    const writes = pending;
    pending = [];
    commit(connection, writes);
  };
  return (apply) =>
    new Promise((resolve, fail) => {
      if (pending.length === 0) setImmediate(flush);
      pending.push({
        apply: () => {
          const result = apply();
          return () => resolve(result);
        },
        fail,
      });
    });
}

const settingsOf = (driver: Driver.Database): Settings => ({
  numberOf: (pragma) => {
    const [row] = driver.prepare(`PRAGMA ${pragma}`).raw(true).all();
    return Number(columnsOf(row)[0]);
  },
  exec: (sql) => void driver.exec(sql),
});

/**
 * The settings of every connection. A checkpoint runs every 32 MB of log, an eighth as often as SQLite's default: facts
 * change the same pages again and again, and this made a commit three times as fast.
 */
const SETTINGS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA secure_delete = ON;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
`;

const BUSY_MS = 5000;

function connect(file: string): Driver.Database {
  const database = open(file, BUSY_MS);
  database.exec(SETTINGS);
  return database;
}

function reasonOf(error: unknown, file: string): Error {
  if (error instanceof CannotOpen) return error;
  const code = codeOf(error);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT"))
    return new CannotOpen(`${file} is damaged: ${messageOf(error)}; restore a backup with \`asof restore\``, {
      cause: error,
    });
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR"))
    return new CannotOpen(`${file} cannot be written: the disk is full or failed (${code}); make room`, {
      cause: error,
    });
  return new CannotOpen(
    `${file} cannot be written: ${messageOf(error)}; make the folder writable, or set ASOF_DATA to another one`,
    { cause: error },
  );
}

/**
 * Locks a folder for this process. The lock is a separate SQLite file with an open transaction: the system releases it
 * even after `kill -9`, and other connections can still read the ledger's file.
 */
function lock(folder: string): () => void {
  const file = join(folder, "lock");
  let held: Driver.Database | undefined;
  try {
    makeFile(file);
    held = open(file);
    held.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    held?.close();
    if (codeOf(error).startsWith("SQLITE_BUSY"))
      throw new InUse(
        `${folder} is in use by another process; stop that one, or set ASOF_DATA to another folder`,
      );
    throw reasonOf(error, file);
  }
  return () => held.close();
}

/** The ledger's file in a folder. */
export const ledgerFile = (folder: string): string => join(folder, "ledger.db");

/**
 * Opens the ledger of a folder for this process alone; creates it if there is none.
 * @throws InUse, CannotOpen
 */
export function openDatabase(folder: string): Database {
  const unlock = lock(folder);
  const file = ledgerFile(folder);
  try {
    return openFile(file, unlock);
  } catch (error) {
    unlock();
    throw reasonOf(error, file);
  }
}

/**
 * Opens a ledger's file for reading while another process writes it.
 * @throws CannotOpen
 */
export function openReader(file: string): Database {
  if (!existsSync(file)) throw new CannotOpen(`${file}: no such file`);
  try {
    return openFile(file);
  } catch (error) {
    throw reasonOf(error, file);
  }
}

/** An in-memory database, for tests and temporary ledgers. */
export const temporaryDatabase = (): Database => openFile(":memory:", () => undefined);

/** Creates a missing file, readable by this user only. SQLite's log and its index get the same mode. */
const makeFile = (file: string): void => closeSync(openSync(file, "a", 0o600));

/** Moves the log into the file (checkpoint), so that the file alone is the ledger. If that fails, the log stays. */
function fold(driver: Driver.Database): void {
  try {
    driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // The contents of the log are durable.
  }
}

/** @param unlock releases a writer's lock; absent: the connection only reads */
function openFile(file: string, unlock?: () => void): Database {
  const isWriter = unlock !== undefined;
  if (file !== ":memory:") {
    makeFile(file);
    checkSchema(file);
  }
  return databaseOf(file, connect(file), {
    prepare: prepareTables,
    close: (driver) => {
      // The driver keeps a connection, and so the log, until its statements are garbage-collected.
      if (isWriter) fold(driver);
      driver.close();
      unlock?.();
    },
  });
}

/**
 * Opens a file that no process writes, like a backup. Changes neither the file nor its folder.
 * @throws CannotOpen
 */
export function openBackup(file: string): Database {
  if (!existsSync(file)) throw new CannotOpen(`${file}: no such file`);
  try {
    checkSchema(file);
    const driver = open(`${pathToFileURL(file).href}?immutable=1`);
    return databaseOf(file, driver, { prepare: checkFormat, close: () => driver.close() });
  } catch (error) {
    throw reasonOf(error, file);
  }
}

interface Ends {
  /** Throws CannotOpen if the file is not a ledger's. */
  readonly prepare: (settings: Settings, file: string) => void;
  readonly close: (driver: Driver.Database) => void;
}

function databaseOf(file: string, driver: Driver.Database, { prepare, close }: Ends): Database {
  const connection = { driver, isOpen: true };
  try {
    prepare(settingsOf(driver), file);
  } catch (error) {
    driver.close();
    throw error;
  }
  return {
    file,
    busyMs: BUSY_MS,
    prepare: (sql) => statementOf(connection, sql),
    write: groupCommit(connection),
    close: () => {
      connection.isOpen = false;
      close(driver);
    },
  };
}
