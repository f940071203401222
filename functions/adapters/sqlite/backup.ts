/** Backups: a copy of the ledger's file at one moment, made while another process writes it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "../../ledger/store.ts";
import { type Database, faultOf, openReader } from "./database.ts";

/** Flushes a file, or the entries of a folder, to disk (fsync). */
export function syncToDisk(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The number of facts in a ledger's file. */
export const countFacts = (database: Database): number =>
  Number(database.prepare("SELECT count(*) FROM items WHERE key >= 'F#' AND key < 'F$'").text());

function notBackedUp(error: unknown, target: string): StoreError {
  const { code, message } = faultOf(error);
  if (code !== "full") return new StoreError(code, message, error);
  const why = `The disk of ${dirname(target)} is full or failed: no backup was made. Make room, and try again.`;
  return new StoreError("full", why, error);
}

/**
 * Copies the file. Throws a StoreError. The target is complete and on disk, or absent. Only this user may read it.
 * @returns the number of facts before the copy; the copy has at least as many
 */
export function backUp(file: string, target: string): number {
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  // Created here, so that nobody else can read it meanwhile: `VACUUM INTO` accepts an empty file.
  closeSync(openSync(partial, "wx", 0o600));
  const database = openReader(file);
  try {
    const facts = countFacts(database);
    database.prepare("VACUUM INTO ?").run(partial);
    syncToDisk(partial);
    renameSync(partial, target);
    syncToDisk(dirname(target));
    return facts;
  } catch (error) {
    throw notBackedUp(error, target);
  } finally {
    database.close();
    rmSync(partial, { force: true });
  }
}
