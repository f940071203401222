/** Rewrites a table, so that no bytes of deleted or changed rows stay in the file. */
import type { Database } from "./database.ts";

/**
 * `secure_delete` overwrites a deleted row, but not what was left of it in the unused part of a page when the page was
 * once split. Emptied as a whole, a table gives back every page, overwritten with zeros.
 * @returns does it, inside a transaction
 */
export function rewriterOf(database: Database, table: "people" | "quarantine" | "jobs"): () => void {
  return () => {
    for (const sql of [
      `CREATE TEMP TABLE kept AS SELECT * FROM ${table}`,
      `DELETE FROM ${table}`,
      `INSERT INTO ${table} SELECT * FROM kept`,
      "DROP TABLE kept",
    ])
      database.prepare(sql).run();
  };
}
