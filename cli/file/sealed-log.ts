/** The sealed log of a ledger on this machine or in AWS, for restores. */
import { constants, copyFileSync, cpSync, existsSync } from "node:fs";
import { dynamodbLedger } from "../../functions/adapters/copy-between.ts";
import { dropLog, keyFile, logFolder } from "../../functions/adapters/folder/log-backup.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { s3Log } from "../../functions/adapters/s3/log-store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Store } from "../../functions/ledger/store.ts";
import type { LogStore } from "../../functions/seal/log-store.ts";
import { readKey, type VerifierKey } from "../../functions/seal/note.ts";
import { KEY } from "../../functions/seal/read-log.ts";
import { restoreFromLog } from "../../functions/seal/restore.ts";
import { CliError, UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import { onDisk } from "./disk.ts";
import { bucketOf, locationOf } from "./locations.ts";
import { count } from "./progress.ts";

/** Copies the log and its private key from a ledger's folder into another one that has none. */
export function copyLog(from: string, folder: string): void {
  if (existsSync(logFolder(folder)))
    throw new CliError(
      `${logFolder(folder)}: is there already; move it away, or name this folder in --from-log`,
    );
  onDisk(from, () => {
    if (!existsSync(keyFile(folder))) copyFileSync(keyFile(from), keyFile(folder), constants.COPYFILE_EXCL);
    cpSync(logFolder(from), logFolder(folder), { recursive: true, errorOnExist: true, force: false });
  });
}

/** The public key that lies in the log itself: which log it is was checked when it was begun. */
async function keyIn(log: LogStore, where: string): Promise<VerifierKey> {
  const key = readKey((await log.get(KEY))?.bytes.toString() ?? "");
  if (key !== undefined) return key;
  throw new CliError(`${where}: its file key is missing or no key; use a copy of the log that has it`);
}

async function putBack(store: Store, log: LogStore, key: VerifierKey): Promise<string> {
  const { facts, written } = await restoreFromLog(store, log, key);
  return `put back ${written} of ${count(facts, "sealed fact")}`;
}

/**
 * Puts back what the ledger of a folder lacks of its log, and makes the log ready for the next seal.
 * @returns a line for people
 */
export async function continueLog(folder: string): Promise<string> {
  const database = openDatabase(folder);
  try {
    await dropLog(database);
    const log = folderLog(logFolder(folder));
    const key = existsSync(keyFile(folder))
      ? fileSigner(keyFile(folder), undefined, "").key
      : await keyIn(log, logFolder(folder));
    return await putBack(sqliteStore(database, steadyClock(undefined), noDamage()), log, key);
  } finally {
    database.close();
  }
}

/** The same of two tables and their log's bucket. @param bucket `s3:BUCKET[@ENDPOINT]` */
export async function continueLogOfTables(bucket: string, target: string, io: Io): Promise<string> {
  const location = locationOf(target, io);
  if (location.is !== "tables")
    throw new UsageError(`${target}: is no ledger of tables: name it like dynamodb:FACTS/PEOPLE`);
  const { name, endpoint } = bucketOf(bucket);
  const log = s3Log(name, endpoint);
  const { store, close } = await dynamodbLedger(location);
  try {
    return await putBack(store, log, await keyIn(log, bucket));
  } finally {
    close();
  }
}
