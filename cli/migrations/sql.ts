/** A SQL database as it is read. Every value is read as text, so that no driver converts times or numbers. */
import * as z from "zod";
import type { Database, Driver, Table } from "./driver.ts";

const Rows = z.array(z.record(z.string(), z.string().nullable()));
const Columns = z.array(
  z.object({ schema: z.string().nullable(), table: z.string(), column: z.string(), type: z.string() }),
);
const Clock = z.tuple([z.object({ now: z.string() })]);

export function sqlDatabase(driver: Driver): Database {
  const { engine, query, close } = driver;
  return {
    engine,
    close,
    clock: async () => {
      const [{ now }] = Clock.parse(await query(driver.clock));
      return now;
    },
    tables: async () => tablesOf(Columns.parse(await query(driver.columns))),
    rows: async (table) => Rows.parse(await query(selectOf(driver, table))),
  };
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
