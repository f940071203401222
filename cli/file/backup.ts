/** `asof backup`: copies a ledger into one file. */
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { backUpWithLog } from "../../functions/adapters/folder/log-backup.ts";
import { NoAnswer } from "../../functions/adapters/http-client.ts";
import { syncToDisk } from "../../functions/adapters/sqlite/backup.ts";
import { CliError, Unreachable } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";
import { isSystemError, onDisk } from "./disk.ts";
import { requestBackup } from "./download.ts";
import { fileIn, verify, withDataOption, withStoreFaults } from "./ledger-file.ts";
import { count, progressOn, size } from "./progress.ts";

const Options = z.looseObject({ ...LedgerOptions.shape, data: z.string().optional() });
type Options = z.infer<typeof Options>;

const HELP = `
Examples:
  asof backup /backup/asof-$(date +%F).db
  asof backup --data /var/lib/asof /backup/asof.db      # reads the folder, also while a ledger runs there

It asks the running ledger for a copy of its file as it is at one moment; the token needs the role admin. Where no ledger
listens at the default address, it reads the folder $ASOF_DATA (else .asof) itself. The copy is checked whole, readable
by this user only, and on disk when the command ends. An existing file is never overwritten.

A backup holds everything, persons, quarantine and the sealed log included; the log's private key (log.key) only with --data,
so keep a copy of it elsewhere. An erased person is still in older backups.

Exit codes:
  0  the backup is there, and whole
  1  there is no backup: one line says why
  2  the command line is invalid
  4  the ledger cannot be reached`;

/** Writes a running ledger's backup into a new file. Returns how many facts it must hold. */
async function fromServer(io: Io, ledger: Ledger, target: string): Promise<number> {
  const progress = progressOn(io);
  const { facts, bytes, chunks } = await requestBackup(ledger);
  const handle = onDisk(target, () => openSync(target, "wx", 0o600));
  try {
    let written = 0;
    for await (const chunk of chunks) {
      onDisk(target, () => writeSync(handle, chunk));
      written += chunk.length;
      progress(() => `downloading: ${size(written)} of ${size(bytes)}`);
    }
    if (written !== bytes)
      throw new CliError(`${ledger.url}: the download broke off after ${size(written)}; try again`);
  } catch (error) {
    throw error instanceof NoAnswer
      ? new Unreachable(`${ledger.url}: the download broke off; try again`)
      : error;
  } finally {
    closeSync(handle);
  }
  return facts;
}

async function fromFolder(file: string, target: string): Promise<number> {
  try {
    return await withStoreFaults(() => backUpWithLog(file, target, true));
  } catch (cause) {
    throw isSystemError(cause) ? new CliError(`${target}: ${cause.message}`, { cause }) : cause;
  }
}

/** From the folder where one is given; else from the server, or from the default folder where no server was named. */
async function copyTo(io: Io, options: Options, target: string): Promise<number> {
  if (options.data !== undefined) return fromFolder(fileIn(options.data, io), target);
  // Where no server was named, nobody waits for one: the command says at once that none listens.
  const ledger = { ...ledgerFrom(options, io), terminal: { print: io.err, now: io.now } };
  try {
    return await fromServer(io, ledger, target);
  } catch (error) {
    const file = fileIn(undefined, io);
    const isDefault = (options.url ?? io.env.ASOF_URL) === undefined;
    if (!(error instanceof Unreachable && error.isFinal && isDefault && existsSync(file))) throw error;
    io.err(`asof: no ledger listens at ${ledger.url}; reading ${file}`);
    return fromFolder(file, target);
  }
}

async function backup(io: Io, file: string, options: Options): Promise<string> {
  if (existsSync(file)) throw new CliError(`${file}: exists already; give the name of a new file`);
  const partial = `${file}.partial`;
  onDisk(partial, () => rmSync(partial, { force: true }));
  try {
    const least = await copyTo(io, options, partial);
    const facts = await verify(io, partial);
    if (facts < least)
      throw new CliError(`the copy holds ${facts} of ${count(least, "fact")}: no backup was made`);
    return onDisk(file, () => {
      syncToDisk(partial);
      renameSync(partial, file);
      syncToDisk(dirname(resolve(file)));
      return `${file}: ${count(facts, "fact")}, ${size(statSync(file).size)}, checked`;
    });
  } finally {
    rmSync(partial, { force: true });
  }
}

export function backupCommand(command: Command, io: Io): Command {
  return withLedgerOptions(withDataOption(command))
    .argument("<file>", "the new file")
    .addHelpText("after", HELP)
    .action(async (file: string) => {
      io.out(await backup(io, file, Options.parse(command.opts())));
      io.end(EXIT.done);
    });
}
