/** History tables in SQLite files: as the samples have them, or as a tool's own DDL makes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "libsql";
import * as z from "zod";
import { connect } from "../../cli/migrations/connection.ts";
import { detectHistory, type Selection } from "../../cli/migrations/detect.ts";
import { type History, readHistory } from "../../cli/migrations/history.ts";

const cell = z.union([z.string(), z.number(), z.null()]);
const Sample = z.looseObject({
  table: z.string(),
  columns: z.array(z.looseObject({ column: z.string(), type: z.string() })).optional(),
  ddl: z.string().optional(),
  rows: z.array(z.record(z.string(), cell)),
});

export const golden = (file: string): unknown =>
  JSON.parse(readFileSync(join("test/golden/migrations", `${file}.json`), "utf8"));

export type Cells = Readonly<Record<string, z.infer<typeof cell>>>;

/** Makes a file and runs each text of SQL in it. */
export function fileOf(folder: string, name: string, ...statements: readonly string[]): string {
  const path = join(folder, `${name}.sqlite3`);
  const database = new Sqlite(path);
  for (const sql of statements) database.exec(sql);
  database.close();
  return path;
}

export const literal = (value: z.infer<typeof cell>): string =>
  value === null ? "NULL" : typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;

export const inserts = (table: string, rows: readonly Cells[]): string[] =>
  rows.map((row) => {
    const names = Object.keys(row).map((name) => `"${name}"`);
    return `INSERT INTO "${table}" (${names.join(", ")}) VALUES (${Object.values(row).map(literal).join(", ")})`;
  });

/** A sample's table with its rows. */
export function tableOf(sample: unknown): string[] {
  const { table, columns = [], ddl, rows } = Sample.parse(sample);
  const name = table.split(".").at(-1) ?? table;
  const list = columns.map(({ column, type }) => `"${column}" ${type}`);
  return [ddl ?? `CREATE TABLE "${name}" (${list.join(", ")})`, ...inserts(name, rows)];
}

/** What is read of a SQLite file. */
export async function read(
  path: string,
  chosen: Selection = {},
  tags?: ReadonlyMap<string, string>,
): Promise<History> {
  const connection = await connect(`sqlite:${path}`);
  try {
    return await readHistory(connection, await detectHistory(connection, chosen), tags);
  } finally {
    await connection.close();
  }
}
