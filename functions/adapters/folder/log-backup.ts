/**
 * The sealed log in a backup, so that a backup is one file: each of the log's files is a row of the table `log`. It ends
 * with the checkpoint that was published before the facts were copied, so that every sealed fact is among them.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { carriedFiles, isCarried, type LogFile } from "../../seal/log-files.ts";
import type { LogStore } from "../../seal/log-store.ts";
import { CHECKPOINT } from "../../seal/read-log.ts";
import { backUp, syncToDisk } from "../sqlite/backup.ts";
import type { Database } from "../sqlite/database.ts";
import { open } from "../sqlite/driver.ts";
import { CannotOpen } from "../sqlite/schema.ts";
import { folderLog } from "./log-store.ts";

/** The log and its private key in a ledger's folder. */
export const logFolder = (folder: string): string => join(folder, "log");
export const keyFile = (folder: string): string => join(folder, "log.key");

/** The row of the private key. */
const KEY_ROW = "log.key";

/** The size of a log's published checkpoint; undefined where nothing is published. */
function sizeOf(folder: string): number | undefined {
  const file = join(folder, CHECKPOINT);
  return existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[1]) : undefined;
}

/** The sizes of the checkpoints that are time-stamped. */
function stampedIn(folder: string): number[] {
  const anchors = join(folder, "anchors");
  return existsSync(anchors) ? readdirSync(anchors).map((name) => Number(name.replace(/\.tsr$/, ""))) : [];
}

async function addRows(target: string, files: AsyncIterable<LogFile>): Promise<void> {
  const database = open(target);
  try {
    database.exec(
      "BEGIN; DROP TABLE IF EXISTS log; CREATE TABLE log (path TEXT PRIMARY KEY, bytes BLOB NOT NULL)",
    );
    const insert = database.prepare("INSERT INTO log (path, bytes) VALUES (?, ?)");
    for await (const { path, bytes } of files) insert.run(path, bytes);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
  syncToDisk(target);
}

async function* withKey(files: AsyncIterable<LogFile>, file: string): AsyncGenerator<LogFile> {
  yield* files;
  yield { path: KEY_ROW, bytes: readFileSync(file) };
}

/**
 * Copies a ledger's file, and its log into the copy. Throws a StoreError. The target is complete and on disk, or absent.
 * @param isWithKey whether the log's private key comes along
 * @returns the number of facts before the copy; the copy has at least as many
 */
export async function backUpWithLog(file: string, target: string, isWithKey: boolean): Promise<number> {
  const folder = dirname(file);
  const size = sizeOf(logFolder(folder));
  const facts = backUp(file, target);
  if (size === undefined) return facts;
  try {
    const log = logFolder(folder);
    const files = carriedFiles(folderLog(log), size, stampedIn(log));
    await addRows(target, isWithKey && existsSync(keyFile(folder)) ? withKey(files, keyFile(folder)) : files);
    return facts;
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

const Paths = z.array(z.tuple([z.string()]));
const Row = z.tuple([z.instanceof(Uint8Array)]);

export interface LogInBackup {
  /** The number of the log's files. */
  readonly files: number;
  readonly key: Buffer | undefined;
}

/**
 * Writes the log of a backup into a store, if the backup has one.
 * @throws CannotOpen where a row is no file of a log
 */
export async function takeLogOut(backup: string, log: () => LogStore): Promise<LogInBackup | undefined> {
  const database = open(`${pathToFileURL(backup).href}?immutable=1`);
  try {
    const tables: unknown[] = database
      .prepare("SELECT 1 FROM sqlite_master WHERE name = 'log'")
      .raw(true)
      .all();
    if (tables.length === 0) return undefined;
    const paths = Paths.parse(database.prepare("SELECT path FROM log ORDER BY rowid").raw(true).all());
    const bytes = database.prepare("SELECT bytes FROM log WHERE path = ?").raw(true);
    const [to, read] = [log(), (path: string) => Buffer.from(Row.parse(bytes.get(path))[0])];
    let key: Buffer | undefined;
    for (const [path] of paths)
      if (path === KEY_ROW) key = read(path);
      else if (isCarried(path)) await to.putIfAbsent(path, read(path));
      else throw new CannotOpen(`${backup} is damaged: ${path} is no file of a log`);
    return { files: paths.length, key };
  } finally {
    database.close();
  }
}

/** Takes the table out of a restored ledger, and gives its room back. */
export async function dropLog(database: Database): Promise<void> {
  await database.write(() => database.prepare("DROP TABLE IF EXISTS log").run());
  database.prepare("VACUUM").run();
}
