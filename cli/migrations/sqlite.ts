/** SQLite, through `libsql`. Its clock is this machine's. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { installedDriver } from "../optional-packages.ts";
import { type Driver, QUERY_MS } from "./driver.ts";

const COLUMNS = `
  SELECT NULL AS "schema", m.name AS "table", p.name AS "column", p.type AS "type"
  FROM sqlite_master m JOIN pragma_table_info(m.name) p
  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

/** `sqlite:db.sqlite3`, `sqlite:///var/db.sqlite3`, `file:./dev.db?connection_limit=1`: the path, in the forms that tools use. */
const pathOf = (url: string): string =>
  url
    .replace(/^[a-z0-9]+:/i, "")
    .replace(/^\/\//, "")
    .replace(/\?.*$/s, "");

export async function openSqlite(url: string): Promise<Driver> {
  const path = resolve(pathOf(url));
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  const { default: Sqlite } = await installedDriver("libsql", () => import("libsql"));
  // The driver ignores its option `readonly`; SQLite itself honours `mode`.
  const database = new Sqlite(`${pathToFileURL(path).href}?mode=ro`, { timeout: QUERY_MS });
  database.exec("BEGIN");
  return {
    engine: "SQLite",
    query: async (sql) => database.prepare(sql).all(),
    close: async () => {
      database.close();
    },
    columns: COLUMNS,
    clock: `SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS "now"`,
    quoted: (name) => `"${name.replaceAll('"', '""')}"`,
    asText: (column) => `CAST(${column} AS TEXT)`,
  };
}
