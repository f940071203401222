/** The driver of SQLite, a package with native code. */
import { createRequire } from "node:module";
import type Driver from "libsql";
import { CannotOpen } from "./schema.ts";

const requireFromHere = createRequire(import.meta.url);

/** Loads the driver when a file is opened, not with this module, so that a copied bundle without it fails with one clear line. */
function driver(): typeof Driver {
  try {
    return requireFromHere("libsql");
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND")) throw cause;
    throw new CannotOpen(
      "the package libsql is not installed; run `npm install libsql` in the folder of this program",
      { cause },
    );
  }
}

/** Opens a file or file URL. `timeoutMs` limits the wait for another process that writes it. */
export const open = (file: string, timeoutMs = 0): Driver.Database =>
  new (driver())(file, { timeout: timeoutMs });
