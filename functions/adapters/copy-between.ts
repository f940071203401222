/** Copies between two ledgers: files on this machine, or tables on DynamoDB. */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { steadyClock } from "../ledger/clock.ts";
import { CannotCopy, type Copied, copyLedger, type Progress, type Side } from "../ledger/copy.ts";
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

async function openTables(name: string, location: Location & { is: "tables" }): Promise<Opened> {
  const { openTables } = await import("./dynamodb/tables.ts");
  const { store, people, close } = openTables(location, location.endpoint);
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

/**
 * Copies one ledger into another one, which must be empty or an unfinished copy.
 * @throws CannotCopy, CannotOpen, InUse, StoreError
 */
export async function copyBetween(from: Named, to: Named, now: Date, progress: Progress): Promise<Copied> {
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
    return await copyLedger(a, b, until, progress);
  } finally {
    for (const { close } of open) close();
  }
}
