/** A ledger's file on this machine: its place, its errors, and its check. */
import { setImmediate } from "node:timers/promises";
import type { Command } from "commander";
import { isForPerson } from "../../functions/adapters/faults.ts";
import { type Database, ledgerFile, openBackup } from "../../functions/adapters/sqlite/database.ts";
import { type Checked, checkDatabase } from "../../functions/adapters/sqlite/integrity.ts";
import { CliError } from "../error.ts";
import type { Io } from "../io.ts";
import { count, progressOn } from "./progress.ts";

export const withDataOption = (command: Command): Command =>
  command.option("--data <folder>", "the ledger's folder (default: $ASOF_DATA, else .asof)");

/** The ledger's file of --data, else of the folder that a server would use. */
export const fileIn = (data: string | undefined, { env }: Io): string =>
  ledgerFile(data ?? (env.ASOF_DATA || ".asof"));

/** Does work on a ledger's file or tables; faults that a person can fix become a CliError. */
export async function withStoreFaults<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw isForPerson(cause) ? new CliError(cause.message, { cause }) : cause;
  }
}

/** Checks every fact, index entry and name of an open file. */
export async function checkAll(io: Io, database: Database): Promise<Checked> {
  const progress = progressOn(io);
  const steps = checkDatabase(database);
  let rows = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    rows += step.value;
    progress(() => `checking ${database.file}: ${count(rows, "row")}`);
    // The driver frees what it read only in turns of the event loop: without them all of the file stays in memory.
    await setImmediate();
  }
}

/** Checks a file that nobody writes. Returns how many facts it holds; throws a CliError where it is damaged. */
export function verify(io: Io, file: string): Promise<number> {
  return withStoreFaults(async () => {
    const database = openBackup(file);
    try {
      const { facts, findings } = await checkAll(io, database);
      const [first] = findings;
      if (first === undefined) return facts;
      const found = count(findings.length, "finding");
      throw new CliError(`${file} is damaged (${found}): ${first.what}: ${first.why}`);
    } finally {
      database.close();
    }
  });
}
