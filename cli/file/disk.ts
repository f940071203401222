/** Errors of the file system, as one line with the file's name. */
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
