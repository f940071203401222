/** DuckDB: what other people's tools read of our files. */
import { DuckDBConnection } from "@duckdb/node-api";

/** The rows of a query, as JSON has them. */
export async function rowsOf(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await DuckDBConnection.create();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJson();
  } finally {
    connection.closeSync();
  }
}
