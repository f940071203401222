/** The files of a package for auditors, except its log, and their hashes. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";

/** The folder of the log. */
export const LOG = "log";

/** The facts of the period, one a line, as they lie in the log. */
export const FACTS = "facts.ndjson";

/** Where a package has no log: the proof of each of its facts, in their order. */
export const PROOFS = "facts.proofs";

/** The SHA-256 of every other file, as `sha256sum` writes and checks them. */
export const SUMS = "SHA256SUMS";

/** Whether a folder is a package: its log is in a folder of its own. */
export const isPackage = (folder: string): boolean =>
  existsSync(join(folder, LOG)) && !existsSync(join(folder, "checkpoint"));

/** Whether a folder is a package without a log, for whoever may see a part of the ledger alone. */
export const isProofPackage = (folder: string): boolean =>
  existsSync(join(folder, PROOFS)) && !existsSync(join(folder, LOG));

/** The paths of all files of a package but that of the hashes, sorted. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => path !== SUMS)
    .toSorted();

/** The SHA-256 of a file of any size, in hex. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
