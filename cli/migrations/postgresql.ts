/** PostgreSQL, by `pg`. Everything is set inside the transaction: connection poolers refuse start-up options. */
import { installedDriver } from "../optional-packages.ts";
import { CONNECT_MS, type Driver, QUERY_MS } from "./driver.ts";

const COLUMNS = `
  SELECT c.table_schema::text AS "schema", c.table_name::text AS "table",
         c.column_name::text AS "column", c.data_type::text AS "type"
  FROM information_schema.columns c
  JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
  WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')`;

export async function openPostgresql(url: string): Promise<Driver> {
  const { default: pg } = await installedDriver("pg", () => import("pg"));
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
  });
  // A connection that breaks also fails the query that waits for it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    await client.query(`SET LOCAL statement_timeout = ${QUERY_MS}`);
    await client.query("SET LOCAL TIME ZONE 'UTC'");
    await client.query("SET LOCAL datestyle = 'ISO, YMD'");
  } catch (error) {
    await client.end();
    throw error;
  }
  return {
    engine: "PostgreSQL",
    query: async (sql) => (await client.query(sql)).rows,
    close: () => client.end(),
    columns: COLUMNS,
    // The transaction sees the state as of its first query, which this is.
    clock: `SELECT to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "now"`,
    quoted: (name) => `"${name.replaceAll('"', '""')}"`,
    asText: (column) => `${column}::text`,
  };
}
