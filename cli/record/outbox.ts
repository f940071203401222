/**
 * The outbox: events that wait for the ledger, as lines of JSON in a file. No line is ever lost: one that was sent but
 * not yet removed when the process ended is sent again, and is a duplicate then.
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
import { isSystemError, onDisk } from "../file/disk.ts";
import { Event } from "./event.ts";

/** The file of refused events, each with its reason. */
export const refusedFile = (outbox: string): string => outbox.replace(/(\.ndjson)?$/, ".refused.ndjson");

/** Undefined where another replay has just moved or removed the file. */
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

/** Whether an open file still has its name. */
function isAt(descriptor: number, file: string): boolean {
  const at = statSync(file, { throwIfNoEntry: false });
  return at?.ino === fstatSync(descriptor).ino;
}

/** Appends lines and waits until they are on disk. Throws a CliError where that fails. */
export function append(file: string, lines: readonly string[]): void {
  if (lines.length > 0) onDisk(file, () => appended(file, lines));
}

function appended(file: string, lines: readonly string[]): void {
  const descriptor = openSync(file, "a", 0o600);
  try {
    writeFileSync(descriptor, lines.map((line) => `${line}\n`).join(""));
    // A replay that renames the file after this check reads these lines. One that renamed it before may have missed
    // them, so they are appended again. The check comes before fsync, to keep that window short.
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
 * Moves all waiting events out of the way of further appends, and includes those that a killed replay had moved. Throws
 * a CliError where the files cannot be moved or read; nothing is lost then.
 */
export const take = (outbox: string): Taken => onDisk(outbox, () => taken(outbox));

function taken(outbox: string): Taken {
  const folder = dirname(outbox);
  const name = basename(outbox);
  const found = statSync(outbox, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new CliError(`${outbox}: is not a file`);
  unlessGone(() => renameSync(outbox, join(folder, `${name}.${randomUUID()}${SENDING}`)));
  const files = readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith(SENDING))
    .map((file) => join(folder, file));
  return { files, lines: [...new Set(files.flatMap(linesOf))] };
}

/** Removes the moved files, once each of their events is recorded or stored elsewhere. */
export function drop(files: readonly string[]): void {
  for (const file of files) rmSync(file, { force: true });
}

/** Undefined where the line is not an event. */
export function parseEvent(line: string): Event | undefined {
  try {
    return Event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
