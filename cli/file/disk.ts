/** Files that a command writes; errors of the file system are one line with the file's name. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeWhole } from "../../functions/adapters/folder/whole-file.ts";
import { CliError } from "../error.ts";

export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && "syscall" in error;

/** Turns errors of the file system into a CliError. */
export function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (isSystemError(cause)) throw new CliError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Writes a whole file, and makes its folders. */
export function writeInto(file: string, content: Uint8Array | string): void {
  onDisk(file, () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWhole(file, content);
  });
}
