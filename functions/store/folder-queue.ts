/** Keeps jobs in a folder, one file each, and does each until it has succeeded, a few at once. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as z from "zod";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** One that is slow to fail must not hold up the others. */
const AT_ONCE = 8;

export interface Worker<T> {
  /** Does one job. Throws where it has to be tried again. */
  readonly work: (job: T) => Promise<void>;
  /** What becomes of a job, as it was written down, that never succeeded. */
  readonly giveUp: (job: string, error: unknown) => Promise<void>;
}

export interface FolderQueue<T> {
  /** Durable when it returns; the same job again is kept once or done twice, which comes to the same. */
  put(job: T): Promise<void>;
  /** Begins with what was left by the process before. */
  start(worker: Worker<T>): Promise<void>;
  /** Waits for the jobs at hand; the others stay for the next start. */
  stop(): Promise<void>;
}

/** When a job is tried next, and how long it waits if that fails too. */
interface Turn {
  readonly dueMs: number;
  readonly waitMs: number;
}

/** @param giveUpMs a job that was put so long ago, and fails, is tried no more */
export function folderQueue<T>(folder: string, schema: z.ZodType<T>, giveUpMs: number): FolderQueue<T> {
  let worker: Worker<T> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Files that wait for their turn, and those at hand. */
  const waiting = new Map<string, Turn>();
  const atHand = new Map<string, Promise<void>>();

  /** Throws where the job is not out of the way. */
  async function doOne(file: string, { work, giveUp }: Worker<T>): Promise<void> {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    try {
      await work(schema.parse(JSON.parse(text)));
    } catch (error) {
      if (Date.now() - (await stat(path)).mtimeMs < giveUpMs) throw error;
      await giveUp(text, error);
    }
    await rm(path);
  }

  function begin(file: string, { waitMs }: Turn, by: Worker<T>): void {
    waiting.delete(file);
    const again = () => {
      waiting.set(file, { dueMs: Date.now() + waitMs, waitMs: Math.min(waitMs * 2, LONGEST_WAIT_MS) });
    };
    const doing = doOne(file, by).catch(again);
    atHand.set(
      file,
      doing.then(() => {
        atHand.delete(file);
        next();
      }),
    );
  }

  /** Begins what is due, those first that failed least, and comes again when the next one is. */
  function next(): void {
    clearTimeout(timer);
    if (worker === undefined || atHand.size === AT_ONCE) return;
    const nowMs = Date.now();
    const due = [...waiting]
      .filter(([, { dueMs }]) => dueMs <= nowMs)
      .sort(([, a], [, b]) => a.waitMs - b.waitMs || a.dueMs - b.dueMs);
    for (const [file, turn] of due.slice(0, AT_ONCE - atHand.size)) begin(file, turn, worker);
    const soonestMs = Math.min(...[...waiting.values()].map(({ dueMs }) => dueMs));
    if (waiting.size > 0) timer = setTimeout(next, Math.max(soonestMs - nowMs, 0));
  }

  const add = (file: string): void => {
    waiting.set(file, { dueMs: Date.now(), waitMs: FIRST_WAIT_MS });
  };

  return {
    put: async (job) => {
      await mkdir(folder, { recursive: true });
      // A name of its own, also for a job that is there already: that one may be done before this is put. By its time
      // what waited longest is done first, also by the next process.
      const name = `${new Date().toISOString().replaceAll(":", "")}-${randomUUID()}`;
      // Renamed into place, so that half a job is never read.
      const partial = join(folder, `${name}.partial`);
      await writeFile(partial, `${JSON.stringify(job)}\n`, { mode: 0o600, flush: true });
      await rename(partial, join(folder, `${name}.json`));
      add(`${name}.json`);
      next();
    },
    start: async (by) => {
      await mkdir(folder, { recursive: true });
      const files = await readdir(folder);
      for (const file of files.filter((one) => one.endsWith(".json")).sort()) add(file);
      worker = by;
      next();
    },
    stop: async () => {
      worker = undefined;
      clearTimeout(timer);
      await Promise.all(atHand.values());
    },
  };
}
