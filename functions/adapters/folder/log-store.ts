/**
 * The sealed log in a folder, safe against several processes and against their end at any moment.
 *
 * Unfinished files and the lock stand under `staging/`, where a verifier looks for nothing. A file appears by link(2),
 * complete and on disk, under a name that must be free. It is replaced by rename(2) under a lock. The lock is an SQLite
 * file with an open transaction, which the system ends with the process. Only this user may read the folder.
 *
 * Files are flushed in threads of Node: a seal flushes dozens, and the same process answers requests meanwhile.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open as openFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "../../ledger/canonical.ts";
import type { ListedLog, Stored } from "../../seal/log-store.ts";
import { CHECKPOINT } from "../../seal/read-log.ts";
import { TILE_WIDTH, tileOf } from "../../seal/tiles.ts";
import { syncToDisk } from "../sqlite/backup.ts";
import { open } from "../sqlite/driver.ts";

/** How long a process waits for another one that replaces a file. */
const LOCK_TIMEOUT_MS = 5000;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** Makes a folder and those above it as far as they are missing, and flushes each new entry to disk. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  syncToDisk(dirname(folder));
}

/** Writes a file under a name of its own, to disk. */
async function writePartial(folder: string, bytes: Uint8Array): Promise<string> {
  const partial = join(folder, `.partial-${randomUUID()}`);
  const handle = await openFile(partial, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return partial;
}

/** Flushes the entries of a folder to disk. */
async function flushEntries(folder: string): Promise<void> {
  const handle = await openFile(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ifThere<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

const read = (file: string): Stored | undefined =>
  ifThere(() => {
    const bytes = readFileSync(file);
    return { bytes, etag: sha256(bytes) };
  });

const filesIn = (folder: string): string[] =>
  (ifThere(() => readdirSync(folder, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

/** Runs some work while no other process does. The work is synchronous, so no other work of this process does either. */
function exclusively<T>(lock: string, work: () => T): T {
  closeSync(openSync(lock, "a", 0o600));
  const held = open(lock, LOCK_TIMEOUT_MS);
  try {
    held.exec("BEGIN EXCLUSIVE");
    return work();
  } finally {
    held.close();
  }
}

/** How old an unfinished file is that no process can be at any more. */
const ABANDONED_MS = 3600_000;

function removeAbandoned(folder: string): void {
  const partials = readdirSync(folder).filter((name) => name.startsWith(".partial-"));
  for (const file of partials.map((name) => join(folder, name)))
    if (statSync(file).mtimeMs < Date.now() - ABANDONED_MS) rmSync(file, { force: true });
}

/** Puts a file where there is none. It is on disk when this returns. */
async function putFile(file: string, unfinished: string, bytes: Uint8Array): Promise<"written" | "present"> {
  makeFolder(dirname(file));
  const isThere = existsSync(file) || (await linkNew(file, unfinished, bytes)) === "present";
  // The writer of one that is there may have ended before it flushed the entry of the folder.
  await flushEntries(dirname(file));
  return isThere ? "present" : "written";
}

async function linkNew(file: string, unfinished: string, bytes: Uint8Array): Promise<"written" | "present"> {
  const partial = await writePartial(unfinished, bytes);
  try {
    linkSync(partial, file);
    return "written";
  } catch (error) {
    if (hasCode(error, "EEXIST")) return "present";
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

/** @param folder is made where it is missing */
export function folderLog(folder: string): ListedLog {
  const unfinished = join(folder, "staging");
  makeFolder(unfinished);
  removeAbandoned(unfinished);
  const full = new Set<string>();

  /**
   * Removes the partial tiles of full ones, which would outgrow the log, as `c2sp.org/tlog-tiles` allows. Only once a
   * checkpoint needs the full one: a sealer may end before it publishes, and the checkpoint before needs the partial one.
   */
  function removePartialTiles(): void {
    for (const tile of full) rmSync(join(folder, `${tile}.p`), { recursive: true, force: true });
    full.clear();
  }

  return {
    get: async (path) => read(join(folder, path)),
    names: async (below) => filesIn(join(folder, below)),

    putIfAbsent: async (path, bytes) => {
      const outcome = await putFile(join(folder, path), unfinished, bytes);
      // Also one that is there already: the sealer that put it may have ended.
      if (tileOf(path)?.width === TILE_WIDTH) full.add(path);
      if (outcome === "written" && path === CHECKPOINT) removePartialTiles();
      return outcome;
    },

    putIfMatch: async (path, bytes, etag) => {
      const file = join(folder, path);
      const partial = await writePartial(unfinished, bytes);
      try {
        return exclusively(join(unfinished, ".lock"), () => {
          if (read(file)?.etag !== etag) return "changed";
          renameSync(partial, file);
          syncToDisk(dirname(file));
          if (path === CHECKPOINT) removePartialTiles();
          return "written";
        });
      } finally {
        rmSync(partial, { force: true });
      }
    },
  };
}
