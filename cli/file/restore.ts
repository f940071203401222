/** `asof restore`: makes a ledger's folder out of a backup, and restores what a ledger lacks of its sealed log. */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { keyFile, logFolder, takeLogOut } from "../../functions/adapters/folder/log-backup.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { syncToDisk } from "../../functions/adapters/sqlite/backup.ts";
import { ledgerFile } from "../../functions/adapters/sqlite/database.ts";
import { CliError, UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { onDisk } from "./disk.ts";
import { verify, withStoreFaults } from "./ledger-file.ts";
import { count } from "./progress.ts";
import { continueLog, continueLogOfTables, copyLog } from "./sealed-log.ts";

const HELP = `
Examples:
  asof restore /backup/asof-2026-11-27.db /var/lib/asof
  asof restore --from-log /var/lib/asof.broken /backup/asof-2026-11-27.db /var/lib/asof
  asof restore --from-log /var/lib/asof /var/lib/asof                # a ledger that is older than its own log
  asof restore --from-log s3:asof-log dynamodb:asof-facts/asof-people

A backup holds the sealed log, and its private key where asof backup read the folder; else give the key's file with --log-key,
or copy it to log.key in the new folder. With --from-log the log and its key are those of a folder where a ledger ran, and
every sealed fact that the ledger lacks is put back, byte for byte. Logins of persons are not in the log: those that the backup
lacks stay unknown. With --from-log alone, the ledger there gets back what it lacks.

A backup is restored into a folder that is empty or absent. It is checked first, and the copy before it counts. Start a ledger
there with ASOF_DATA. Senders that keep what they could not deliver send it again; duplicates do no harm.`;

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

const Options = z.looseObject({ fromLog: z.string().optional(), logKey: z.string().optional() });
type Options = z.infer<typeof Options>;

/** Puts the sealed log of the backup, or of another folder, into the new one. */
async function takeLog(backup: string, folder: string, { fromLog, logKey }: Options): Promise<void> {
  if (logKey !== undefined)
    onDisk(logKey, () => {
      copyFileSync(logKey, keyFile(folder), constants.COPYFILE_EXCL);
      chmodSync(keyFile(folder), 0o600);
    });
  if (fromLog !== undefined) return copyLog(fromLog, folder);
  const found = await withStoreFaults(() => takeLogOut(backup, () => folderLog(logFolder(folder))));
  const key = found?.key;
  if (key !== undefined && logKey === undefined)
    onDisk(folder, () => writeFileSync(keyFile(folder), key, { mode: 0o600, flag: "wx", flush: true }));
}

async function restore(io: Io, backup: string, folder: string, options: Options): Promise<number> {
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
  await takeLog(backup, folder, options);
  onDisk(folder, () => {
    renameSync(partial, file);
    syncToDisk(folder);
    syncToDisk(dirname(resolve(folder)));
  });
  return facts;
}

async function fromBackup(io: Io, backup: string, folder: string, options: Options): Promise<void> {
  const facts = await restore(io, backup, folder, options);
  io.out(`restored ${count(facts, "fact")} into ${ledgerFile(folder)}; start it with ASOF_DATA=${folder}`);
  if (existsSync(logFolder(folder))) io.out(await withStoreFaults(() => continueLog(folder)));
  if (existsSync(logFolder(folder)) && !existsSync(keyFile(folder)))
    io.err(
      `asof: the log's private key is not in the backup: copy the old log.key to ${keyFile(folder)} before the ledger starts`,
    );
}

/** Gives a ledger back what its log has. */
async function fromLogAlone(io: Io, fromLog: string, target: string): Promise<void> {
  if (fromLog.startsWith("s3:")) {
    io.out(await withStoreFaults(() => continueLogOfTables(fromLog, target, io)));
    return;
  }
  if (!existsSync(ledgerFile(target)))
    throw new CliError(`${ledgerFile(target)}: no such file; name a backup, too, to make a ledger there`);
  if (resolve(fromLog) !== resolve(target)) copyLog(fromLog, target);
  io.out(await withStoreFaults(() => continueLog(target)));
}

export function restoreCommand(command: Command, io: Io): Command {
  return command
    .argument("<backup>", "a file that asof backup made; with --from-log it may be absent")
    .argument("[folder]", "the new ledger's folder: empty or absent")
    .option("--from-log <folder>", "a folder where a ledger ran, or s3:BUCKET: its sealed log is continued")
    .option("--log-key <file>", "the log's private key, where it is not in the backup")
    .addHelpText("after", HELP)
    .action(async (first: string, folder: string | undefined) => {
      const options = Options.parse(command.opts());
      if (folder !== undefined) await fromBackup(io, first, folder, options);
      else if (options.fromLog !== undefined) await fromLogAlone(io, options.fromLog, first);
      else throw new UsageError("name the new ledger's folder after the backup");
      io.end(EXIT.done);
    });
}
