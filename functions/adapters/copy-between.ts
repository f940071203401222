/** Copies between two ledgers: files on this machine, or tables on DynamoDB. */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { steadyClock } from "../ledger/clock.ts";
import { CannotCopy, type Copied, copyLedger, type Progress, type Side } from "../ledger/export/copy.ts";
import type { LogStore } from "../seal/log-store.ts";
import { carryLog } from "../seal/log-transfer.ts";
import { readKey } from "../seal/note.ts";
import { KEY } from "../seal/read-log.ts";
import type { Restored } from "../seal/restore.ts";
import { logFolder } from "./folder/log-backup.ts";
import { folderLog } from "./folder/log-store.ts";
import { s3Log } from "./s3/log-store.ts";
import { noDamage } from "./sqlite/damage.ts";
import { type Database, ledgerFile, openBackup, openDatabase } from "./sqlite/database.ts";
import { sqlitePeople, sqlitePersonRecords } from "./sqlite/people.ts";
import { CannotOpen } from "./sqlite/schema.ts";
import { sqliteStore } from "./sqlite/store.ts";

/** The location of a ledger. */
export type Location =
  | { readonly is: "file"; readonly file: string }
  | { readonly is: "tables"; readonly facts: string; readonly people: string; readonly endpoint?: string };

interface Opened {
  readonly side: Side;
  readonly close: () => void;
}

/** On DynamoDB, indexes lag, and the functions' clocks differ. */
const LAG_MS = 60_000;

/** Opens a ledger's tables. Loads the AWS client only then. */
export async function dynamodbLedger(location: Location & { is: "tables" }) {
  const { openTables } = await import("./dynamodb/tables.ts");
  return openTables(location, location.endpoint);
}

async function openTables(name: string, location: Location & { is: "tables" }): Promise<Opened> {
  const { store, people, close } = await dynamodbLedger(location);
  return { side: { name, store, people, lagMs: LAG_MS }, close };
}

function onFile(name: string, database: Database): Opened {
  const store = sqliteStore(database, steadyClock(undefined), noDamage());
  const people = { ...sqlitePeople(database), ...sqlitePersonRecords(database) };
  return { side: { name, store, people, lagMs: 0 }, close: () => database.close() };
}

const isLedgerFile = (file: string): boolean => basename(file) === basename(ledgerFile(""));

/** A ledger's own file is locked, so that no server writes it meanwhile; a backup is read without a lock. */
function openSource(name: string, file: string): Opened {
  if (!existsSync(file)) throw new CannotOpen(`${file}: no such file`);
  return onFile(name, isLedgerFile(file) ? openDatabase(dirname(resolve(file))) : openBackup(file));
}

function openTarget(name: string, file: string): Opened {
  if (!isLedgerFile(file))
    throw new CannotCopy(
      `${file}: a ledger's file is called ${ledgerFile("")}; name it like that in a folder of its own`,
    );
  const folder = dirname(resolve(file));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return onFile(name, openDatabase(folder));
}

/** A ledger's location, and its name on the command line. */
export interface Named {
  readonly name: string;
  readonly location: Location;
}

interface CopyOptions {
  /** The bucket of the tables' log; absent: a log is carried between files alone. */
  readonly bucket?: { readonly name: string; readonly endpoint?: string };
  readonly now: Date;
  readonly progress: Progress;
}

/** The place of a ledger's log; undefined where it has none, or none was named. */
function logOf(location: Location, bucket: CopyOptions["bucket"]): LogStore | undefined {
  if (location.is === "tables") return bucket && s3Log(bucket.name, bucket.endpoint);
  return isLedgerFile(location.file) ? folderLog(logFolder(dirname(resolve(location.file)))) : undefined;
}

/**
 * Copies one ledger into another one, which must be empty or an unfinished copy, and then its sealed log.
 * @throws CannotCopy, CannotOpen, InUse, StoreError, LogFault
 */
export async function copyBetween(
  from: Named,
  to: Named,
  { bucket, now, progress }: CopyOptions,
): Promise<Copied & { readonly log?: Restored }> {
  const [source, target] = [from.location, to.location];
  const open: Opened[] = [];
  const opened = (one: Opened): Side => {
    open.push(one);
    return one.side;
  };
  try {
    const a = opened(
      source.is === "file" ? openSource(from.name, source.file) : await openTables(from.name, source),
    );
    const b = opened(
      target.is === "file" ? openTarget(to.name, target.file) : await openTables(to.name, target),
    );
    // The file is locked, so all of its facts are copied; tables may be written meanwhile.
    const until =
      source.is === "file" ? "9999-12-31T23:59:59.999Z" : new Date(now.getTime() - LAG_MS).toISOString();
    const copied = await copyLedger(a, b, until, progress);
    const [old, made] = [logOf(source, bucket), logOf(target, bucket)];
    const key = readKey((await old?.get(KEY))?.bytes.toString() ?? "");
    if (old === undefined || made === undefined || key === undefined) return copied;
    const log = await carryLog(old, made, key, b.store);
    return log === undefined ? copied : { ...copied, log };
  } finally {
    for (const { close } of open) close();
  }
}
