/**
 * Read-only access to a database: the columns of its tables, the rows of one table, its clock. Queries have a time limit.
 * Every value is read as text, so that no driver converts times or numbers.
 * Drivers' error messages may repeat the address, so its secrets are removed from them.
 */
import * as z from "zod";
import { CliError, UsageError } from "../error.ts";
import type { Driver, Engine } from "./driver.ts";

/** A row by column name in lower case. Times with a zone are in UTC; those without are unchanged. */
export type Row = Readonly<Record<string, string | null>>;

export interface Table {
  /** Absent in SQLite, which has no schemas. */
  readonly schema: string | undefined;
  readonly name: string;
  /** By name in lower case: the name as written, and the type as the database names it. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly type: string }>;
}

/** One transaction on one snapshot of the database, and the database's clock at its start. */
export interface Connection {
  readonly engine: Engine;
  /** The database's clock, as an RFC 3339 time. */
  readonly now: string;
  readonly tables: () => Promise<Table[]>;
  readonly rows: (table: Table) => Promise<Row[]>;
  readonly close: () => Promise<void>;
}

const Rows = z.array(z.record(z.string(), z.string().nullable()));
const Columns = z.array(
  z.object({ schema: z.string().nullable(), table: z.string(), column: z.string(), type: z.string() }),
);
const Clock = z.tuple([z.object({ now: z.string() })]);

type Opening = (url: string) => Promise<Driver>;

/** Drivers are loaded when used. */
const OPENINGS: ReadonlyMap<string, Opening> = new Map([
  ...["postgres:", "postgresql:"].map((scheme): [string, Opening] => [
    scheme,
    async (url) => (await import("./postgresql.ts")).openPostgresql(url),
  ]),
  ...["mysql:", "mariadb:"].map((scheme): [string, Opening] => [
    scheme,
    async (url) => (await import("./mysql.ts")).openMysql(url),
  ]),
  ...["sqlite:", "sqlite3:", "file:"].map((scheme): [string, Opening] => [
    scheme,
    async (url) => (await import("./sqlite.ts")).openSqlite(url),
  ]),
]);

/** Connects and starts the transaction. Throws a CliError, as do the connection's methods. */
export async function connect(url: string): Promise<Connection> {
  const open = OPENINGS.get(/^[a-z0-9+.-]+:/i.exec(url)?.[0].toLowerCase() ?? "");
  if (open === undefined) {
    const known = "postgres://…, mysql://…, sqlite:path or file:path";
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
  const driver = await safely(() => open(url));
  try {
    const [{ now }] = await safely(async () => Clock.parse(await driver.query(driver.clock)));
    return {
      engine: driver.engine,
      now: new Date(now).toISOString(),
      tables: () => safely(async () => tablesOf(Columns.parse(await driver.query(driver.columns)))),
      rows: (table) => safely(async () => Rows.parse(await driver.query(selectOf(driver, table)))),
      close: driver.close,
    };
  } catch (error) {
    await driver.close();
    throw error;
  }
}

function tablesOf(columns: z.infer<typeof Columns>): Table[] {
  const tables = new Map<
    string,
    { schema: string | undefined; name: string; columns: Map<string, { name: string; type: string }> }
  >();
  for (const { schema, table, column, type } of columns) {
    const key = JSON.stringify([schema, table]);
    const found = tables.get(key) ?? { schema: schema ?? undefined, name: table, columns: new Map() };
    tables.set(key, found);
    found.columns.set(column.toLowerCase(), { name: column, type: type.toLowerCase() });
  }
  return [...tables.values()];
}

function selectOf({ quoted, asText }: Driver, { schema, name, columns }: Table): string {
  const list = [...columns].map(([folded, column]) => `${asText(quoted(column.name))} AS ${quoted(folded)}`);
  const table = [schema, name].flatMap((part) => (part === undefined ? [] : [quoted(part)])).join(".");
  return `SELECT ${list.join(", ")} FROM ${table}`;
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
