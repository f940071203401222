/** The driver of SQLite, a package with native code. */
import { createRequire } from "node:module";
import type Driver from "libsql";
import { CannotOpen } from "./schema.ts";

const requireFromHere = createRequire(import.meta.url);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Loads the driver when a file is opened, not with this module, so that a copied bundle without it fails with one clear line. */
function driver(): typeof Driver {
  try {
    return requireFromHere("libsql");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND";
    const why = isMissing ? "is not installed" : `cannot be loaded (${messageOf(cause)})`;
    const what = `the package libsql ${why}; run \`npm install libsql\` in the folder of this program`;
    throw new CannotOpen(what, { cause });
  }
}

/** Opens a file or file URL. `timeoutMs` limits the wait for another process that writes it. */
export const open = (file: string, timeoutMs = 0): Driver.Database =>
  new (driver())(file, { timeout: timeoutMs });
