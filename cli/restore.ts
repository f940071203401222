/** `asof restore`: makes a ledger's folder out of a backup. */
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { fileSigner, KeyFileError } from "../functions/adapters/folder/log-key.ts";
import { folderLog } from "../functions/adapters/folder/log-store.ts";
import { syncToDisk } from "../functions/adapters/sqlite/backup.ts";
import { noDamage } from "../functions/adapters/sqlite/damage.ts";
import { ledgerFile, openDatabase } from "../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../functions/ledger/clock.ts";
import { LogFault } from "../functions/seal/log-store.ts";
import { restoreFromLog } from "../functions/seal/restore.ts";
import { onDisk } from "./disk.ts";
import { CliError } from "./error.ts";
import { verify, withStoreFaults } from "./file/ledger-file.ts";
import { count } from "./file/progress.ts";
import { EXIT, type Io } from "./io.ts";

const HELP = `
Examples:
  asof restore /backup/asof-2026-11-27.db /var/lib/asof
  asof restore --from-log /var/lib/asof.broken /backup/asof-2026-11-27.db /var/lib/asof

With --from-log the sealed log and its key are copied from a folder where a ledger ran, and every sealed fact that the
backup lacks is put back, byte for byte. Logins of persons are not in the log: those that the backup lacks stay unknown.

The folder must be empty or absent. The backup is checked first, and the copy before it counts. Start a ledger there with
ASOF_DATA. Senders that keep what they could not deliver send it again; duplicates do no harm.`;

/** A file that a process writes, or wrote until it was killed, is complete only together with its log. */
function refuseLive(backup: string): void {
  const log = statSync(`${backup}-wal`, { throwIfNoEntry: false });
  if (log === undefined || log.size === 0) return;
  throw new CliError(
    `${backup}: has a log beside it (${backup}-wal), so it is no backup; make one with asof backup`,
  );
}

function refuseFilled(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CliError(`${folder}: is not empty; restore into a new folder`);
}

async function restore(io: Io, backup: string, folder: string): Promise<number> {
  onDisk(folder, () => refuseFilled(folder));
  onDisk(backup, () => refuseLive(backup));
  const facts = await verify(io, backup);
  const file = ledgerFile(folder);
  const partial = `${file}.partial`;
  onDisk(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    copyFileSync(backup, partial, constants.COPYFILE_EXCL);
    chmodSync(partial, 0o600);
    syncToDisk(partial);
  });
  await verify(io, partial);
  onDisk(folder, () => {
    renameSync(partial, file);
    syncToDisk(folder);
    syncToDisk(dirname(resolve(folder)));
  });
  return facts;
}

const Options = z.looseObject({ fromLog: z.string().optional() });

/** Copies the log and its key into the ledger's folder, and puts back what the ledger lacks of it. */
async function addLog(from: string, folder: string): Promise<string> {
  onDisk(from, () => {
    copyFileSync(join(from, "log.key"), join(folder, "log.key"), constants.COPYFILE_EXCL);
    cpSync(join(from, "log"), join(folder, "log"), { recursive: true, errorOnExist: true, force: false });
  });
  const database = openDatabase(folder);
  try {
    const store = sqliteStore(database, steadyClock(undefined), noDamage());
    const { key } = fileSigner(join(folder, "log.key"), undefined, "");
    const { facts, written } = await restoreFromLog(store, folderLog(join(folder, "log")), key);
    return `put back ${written} of ${count(facts, "sealed fact")}`;
  } catch (error) {
    if (error instanceof LogFault || error instanceof KeyFileError)
      throw new CliError(error.message, { cause: error });
    throw error;
  } finally {
    database.close();
  }
}

export function restoreCommand(command: Command, io: Io): Command {
  return command
    .argument("<backup>", "a file that asof backup made")
    .argument("<folder>", "the new ledger's folder: empty or absent")
    .option("--from-log <folder>", "a folder where a ledger ran: its sealed log is continued")
    .addHelpText("after", HELP)
    .action(async (backup: string, folder: string) => {
      const { fromLog } = Options.parse(command.opts());
      const facts = await restore(io, backup, folder);
      io.out(
        `restored ${count(facts, "fact")} into ${ledgerFile(folder)}; start it with ASOF_DATA=${folder}`,
      );
      if (fromLog !== undefined) io.out(await withStoreFaults(() => addLog(fromLog, folder)));
      io.end(EXIT.done);
    });
}
