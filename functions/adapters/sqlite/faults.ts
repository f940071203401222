/** What SQLite reports, in the ledger's terms. */
import { StoreError } from "../../ledger/store.ts";

/** Another process has the data. */
export class InUse extends Error {}

/** The data cannot be opened; the message says why, and what to do. */
export class CannotOpen extends Error {}

/** The code of an error of SQLite or the system; empty without one. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A fault of SQLite as one of the store. */
export function faultOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const why = `SQLite: ${code}: ${messageOf(error)}`;
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR"))
    return new StoreError(
      "full",
      "The disk is full or failed: nothing was recorded. Make room on the disk of ASOF_DATA, then send the same request again.",
      error,
    );
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB")
    return new StoreError("damaged", DAMAGED, error);
  return new StoreError(code.startsWith("SQLITE_READONLY") ? "misconfigured" : "unavailable", why, error);
}

export const DAMAGED =
  "The ledger's file is damaged. Run `asof check` to see where, and restore a backup with `asof restore`.";

/** Why a file cannot be opened, with what to do. */
export function reasonOf(error: unknown, file: string): Error {
  if (error instanceof CannotOpen) return error;
  const code = codeOf(error);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT"))
    return new CannotOpen(`${file} is damaged: ${messageOf(error)}; restore a backup with \`asof restore\``, {
      cause: error,
    });
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR"))
    return new CannotOpen(`${file} cannot be written: the disk is full or failed (${code}); make room`, {
      cause: error,
    });
  return new CannotOpen(
    `${file} cannot be written: ${messageOf(error)}; make the folder writable, or set ASOF_DATA to another one`,
    { cause: error },
  );
}
