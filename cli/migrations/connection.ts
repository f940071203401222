/**
 * A database as this command needs it: its tables' columns, the rows of one of them, its clock; read only, within
 * bounds of time, and every value as text, so that no driver's idea of a time or a number gets in between.
 * What drivers say of a fault may repeat what they were given, so the address's secrets are taken out of it.
 */
import * as z from "zod";
import { CliError } from "../error.ts";
import type { Driver, Engine } from "./driver.ts";

/** A row by its columns' names in lower case. Times without a zone are as they stand; those with one are in UTC. */
export type Row = Readonly<Record<string, string | null>>;

export interface Table {
  /** Absent in SQLite, which has no schemas. */
  readonly schema: string | undefined;
  readonly name: string;
  /** By their names in lower case: as they are really written, and their type as the database calls it. */
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly type: string }>;
}

/** One transaction that sees one state of the database, and its clock as it began. */
export interface Connection {
  readonly engine: Engine;
  /** The database's own clock at that state. */
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

/** Loaded when used: nobody needs all three. */
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

/** Connects and begins to read. Throws a CliError, also from the connection's methods. */
export async function connect(url: string): Promise<Connection> {
  const open = OPENINGS.get(/^[a-z0-9+.-]+:/i.exec(url)?.[0].toLowerCase() ?? "");
  if (open === undefined) {
    const known = "postgres://…, mysql://…, sqlite:path or file:path";
    throw new CliError(
      `the database's address must be ${known} (a driver's own form, like jdbc:, is not read)`,
    );
  }
  const safely = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      // Without its cause, which could still hold what is hidden here.
      throw new CliError(`cannot read the database: ${hidden(messageOf(error), secretsOf(url))}`);
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

/** A refused connection to a name with several addresses says nothing of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** Everything of an address that is secret, also where the address is none. */
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

const hidden = (message: string, secrets: readonly string[]): string =>
  secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, "***"), message);
