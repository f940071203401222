/**
 * Read-only access to a database: the columns of its tables, the rows of one table, its clock. Queries have a time limit.
 * Drivers' error messages may repeat the address, so its secrets are removed from them.
 */
import { CliError, UsageError } from "../error.ts";
import type { Database, Driver } from "./driver.ts";
import { sqlDatabase } from "./sql.ts";

/** A database that is connected, in SQL in one transaction on one snapshot of it. Its methods throw a CliError. */
export interface Connection extends Omit<Database, "clock"> {
  /** The database's clock at the start, as an RFC 3339 time. */
  readonly now: string;
}

type Opening = (url: string) => Promise<Database>;

const forSchemes = (open: Opening, ...schemes: readonly string[]): [string, Opening][] =>
  schemes.map((scheme) => [`${scheme}:`, open]);

const inSql =
  (open: (url: string) => Promise<Driver>): Opening =>
  async (url) =>
    sqlDatabase(await open(url));

/** Drivers are loaded when used. */
const OPENINGS: ReadonlyMap<string, Opening> = new Map([
  ...forSchemes(
    inSql(async (url) => (await import("./postgresql.ts")).openPostgresql(url)),
    "postgres",
    "postgresql",
  ),
  ...forSchemes(
    inSql(async (url) => (await import("./mysql.ts")).openMysql(url)),
    "mysql",
    "mariadb",
  ),
  ...forSchemes(
    inSql(async (url) => (await import("./sqlite.ts")).openSqlite(url)),
    "sqlite",
    "sqlite3",
    "file",
  ),
  ...forSchemes(async (url) => (await import("./mongodb.ts")).openMongodb(url), "mongodb", "mongodb+srv"),
]);

/** Connects, and starts the transaction. Throws a CliError. */
export async function connect(url: string): Promise<Connection> {
  const open = OPENINGS.get(/^[a-z0-9+.-]+:/i.exec(url)?.[0].toLowerCase() ?? "");
  if (open === undefined) {
    const known = "postgres://…, mysql://…, mongodb://…, sqlite:path or file:path";
    throw new UsageError(
      `the database's address must be ${known} (other forms, like jdbc:, are not supported)`,
    );
  }
  const safely = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // Without the cause, which could hold the secrets.
      throw new CliError(`cannot read the database: ${redact(messageOf(error), secretsOf(url))}`);
    }
  };
  const database = await safely(() => open(url));
  try {
    const now = await safely(database.clock);
    return {
      engine: database.engine,
      now: new Date(now).toISOString(),
      tables: (isWanted) => safely(() => database.tables(isWanted)),
      rows: (table) => safely(() => database.rows(table)),
      close: database.close,
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A refused connection to a name with several addresses has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** The secrets in an address, also in an invalid one. */
function secretsOf(address: string): string[] {
  const written = /^[^/]*\/\/[^/]*:([^/]*)@/.exec(address)?.[1];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const given = [...(url?.searchParams ?? [])].flatMap(([key, value]) =>
    /pass|secret|token|key/i.test(key) ? [value] : [],
  );
  return [written, url?.password, ...given].flatMap((one) =>
    one === undefined || one === "" ? [] : [one, decoded(one)],
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const redact = (message: string, secrets: readonly string[]): string =>
  secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, "***"), message);
