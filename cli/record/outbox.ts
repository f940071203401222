/**
 * Events that wait for the ledger: lines of JSON in a file, each an event as it was first said. No line is ever
 * lost: what was sent, but not yet removed when the process ended, is sent again, and is a duplicate then.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CliError } from "../error.ts";
import { Event } from "./event.ts";

/** Where the events that the ledger refused are kept, each with its reason. */
export const refusedFile = (outbox: string): string => outbox.replace(/(\.ndjson)?$/, ".refused.ndjson");

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && "syscall" in error;

/** Does something with an outbox's files. Throws a CliError where the system refuses. */
function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (isSystemError(cause)) throw new CliError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Does something with a file that another replay may have taken or dropped a moment ago; undefined where it did. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const linesOf = (file: string): string[] =>
  (unlessGone(() => readFileSync(file, "utf8")) ?? "").split("\n").filter((line) => line !== "");

/** Whether a file is still the one under its name. */
function isAt(descriptor: number, file: string): boolean {
  const at = statSync(file, { throwIfNoEntry: false });
  return at?.ino === fstatSync(descriptor).ino;
}

/** Appends lines, which are on disk once it returns. Throws a CliError where they cannot be. */
export function append(file: string, lines: readonly string[]): void {
  if (lines.length > 0) onDisk(file, () => appended(file, lines));
}

function appended(file: string, lines: readonly string[]): void {
  const descriptor = openSync(file, "a", 0o600);
  try {
    writeFileSync(descriptor, lines.map((line) => `${line}\n`).join(""));
    // A replay that takes the file away only now reads the lines. One that took it before may have read without them;
    // the disk is waited for afterwards, so that replays, however many, seldom come between.
    if (isAt(descriptor, file)) fsyncSync(descriptor);
    else appended(file, lines);
  } finally {
    closeSync(descriptor);
  }
}

const SENDING = ".sending";

export interface Taken {
  readonly files: readonly string[];
  readonly lines: readonly string[];
}

/**
 * Takes everything that waits out of the way of who appends; what a replay that was killed had taken, too. Throws a
 * CliError where the files cannot be moved or read: then everything is still there.
 */
export const take = (outbox: string): Taken => onDisk(outbox, () => taken(outbox));

function taken(outbox: string): Taken {
  const folder = dirname(outbox);
  const name = basename(outbox);
  const found = statSync(outbox, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new CliError(`${outbox}: is no file`);
  unlessGone(() => renameSync(outbox, join(folder, `${name}.${randomUUID()}${SENDING}`)));
  const files = readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith(SENDING))
    .map((file) => join(folder, file));
  return { files, lines: [...new Set(files.flatMap(linesOf))] };
}

/** Removes what was taken, once all of it has found another place. */
export function drop(files: readonly string[]): void {
  for (const file of files) rmSync(file, { force: true });
}

/** The event of a line; undefined where it holds none. */
export function parseEvent(line: string): Event | undefined {
  try {
    return Event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
