/** `asof restore`: makes a ledger's folder out of a backup. */
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { syncToDisk } from "../functions/adapters/sqlite/backup.ts";
import { ledgerFile } from "../functions/adapters/sqlite/database.ts";
import { onDisk } from "./disk.ts";
import { CliError } from "./error.ts";
import { verify } from "./file/ledger-file.ts";
import { count } from "./file/progress.ts";
import { EXIT, type Io } from "./io.ts";

const HELP = `
Example:
  asof restore /backup/asof-2026-11-27.db /var/lib/asof

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

export function restoreCommand(command: Command, io: Io): Command {
  return command
    .argument("<backup>", "a file that asof backup made")
    .argument("<folder>", "the new ledger's folder: empty or absent")
    .addHelpText("after", HELP)
    .action(async (backup: string, folder: string) => {
      const facts = await restore(io, backup, folder);
      io.out(
        `restored ${count(facts, "fact")} into ${ledgerFile(folder)}; start it with ASOF_DATA=${folder}`,
      );
      io.end(EXIT.done);
    });
}
