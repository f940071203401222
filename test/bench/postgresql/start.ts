/** PostgreSQL with a history in plain tables, and the service in front of it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import * as z from "zod";
import type { Statement } from "../../../schemas/fact.ts";
import { startPostgresql } from "../../real/postgresql.ts";
import { insertion, type Row, rowOf, type Table, valuesOf } from "./tables.ts";

/**
 * What is acknowledged is on disk, as `npm start` promises it, too. The rest is what its documentation and most guides
 * advise for a machine with memory and solid-state disks.
 */
const SETTINGS = [
  ...["fsync=on", "synchronous_commit=on", "full_page_writes=on"],
  ...["shared_buffers=512MB", "work_mem=64MB", "random_page_cost=1.1"],
];
/** Connections of the service to its database. */
const CONNECTIONS = 32;
/** Rows of one statement: below the 65,535 parameters that the protocol has room for. */
const BATCH = 1000;

/** Puts a history in, in batches of one table. */
async function fill(pool: pg.Pool, statements: Iterable<Statement>): Promise<number> {
  const waiting = new Map<Table, Row[]>();
  let count = 0;
  const put = (table: Table, rows: readonly Row[]) =>
    pool.query(insertion(table, rows.length), rows.flatMap(valuesOf));
  for (const statement of statements) {
    const row = rowOf(statement);
    const rows = waiting.get(row.table) ?? [];
    waiting.set(row.table, rows);
    if (rows.push(row) === BATCH) await put(row.table, rows.splice(0));
    count++;
  }
  for (const [table, rows] of waiting) if (rows.length > 0) await put(table, rows);
  // The autovacuum daemon would do so within a minute, in the middle of what is measured.
  await pool.query("VACUUM ANALYZE");
  await pool.query("CHECKPOINT");
  return count;
}

const Serving = z.object({ address: z.string() });

async function serving(url: string, token: string) {
  const child = fork(join(import.meta.dirname, "server.ts"), [url, token, String(CONNECTIONS)], {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
  const stop = async () => {
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  };
  return { address: Serving.parse(said).address, stop };
}

export interface Competitor {
  readonly address: string;
  readonly facts: number;
  readonly stop: () => Promise<void>;
}

/** Starts a new PostgreSQL in a folder of its own, and removes it with everything in it when it is stopped. */
export async function startCompetitor(statements: Iterable<Statement>, token: string): Promise<Competitor> {
  const folder = mkdtempSync(join(tmpdir(), "asof-bench-postgresql-"));
  chmodSync(folder, 0o755);
  const postgresql = await startPostgresql(join(folder, "cluster"), SETTINGS);
  const remove = () => {
    process.off("exit", remove);
    postgresql.stop();
    rmSync(folder, { recursive: true });
  };
  process.once("exit", remove);
  try {
    const url = await postgresql.database("releases");
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    await pool.query(readFileSync(join(import.meta.dirname, "schema.sql"), "utf8"));
    const facts = await fill(pool, statements);
    await pool.end();
    const { address, stop } = await serving(url, token);
    return {
      address,
      facts,
      stop: async () => {
        await stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
