/** Keeps jobs in a folder, one file each, and does them one after another until each has succeeded. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonical, sha256 } from "../ledger/canonical.ts";
import { Job, type Later } from "../ledger/later.ts";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** After this no registry is down: somebody has to look. */
const GIVE_UP_MS = 24 * 3600_000;

export interface Worker {
  /** Does one job. Throws where it has to be tried again. */
  readonly work: (job: Job) => Promise<void>;
  /** What becomes of a job, as it was written down, that never succeeded. */
  readonly giveUp: (job: string, error: unknown) => Promise<void>;
}

export interface LaterFolder extends Later {
  /** Begins with what was left by the process before. */
  start(worker: Worker): void;
  /** Waits for the job at hand; the others stay for the next start. */
  stop(): Promise<void>;
}

export function folderLater(folder: string): LaterFolder {
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let waitMs = FIRST_WAIT_MS;

  const files = async (): Promise<string[]> => {
    await mkdir(folder, { recursive: true });
    return (await readdir(folder)).filter((file) => file.endsWith(".json")).sort();
  };

  /** Whether the job is out of the way. */
  async function doOne(file: string, { work, giveUp }: Worker): Promise<boolean> {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    try {
      await work(Job.parse(JSON.parse(text)));
    } catch (error) {
      if (Date.now() - (await stat(path)).mtimeMs < GIVE_UP_MS) return false;
      await giveUp(text, error);
    }
    await rm(path);
    return true;
  }

  async function doAll(by: Worker): Promise<void> {
    let isLeft = false;
    for (const file of await files()) {
      if (worker === undefined) return;
      // Where even giving up fails (a full disk), the file stays, and its turn comes again.
      if (!(await doOne(file, by).catch(() => false))) isLeft = true;
    }
    waitMs = isLeft ? Math.min(waitMs * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    if (isLeft) wake(waitMs);
  }

  function wake(inMs: number): void {
    if (worker === undefined) return;
    const by = worker;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(() => doAll(by));
    }, inMs);
  }

  return {
    put: async (job) => {
      const name = `${sha256(canonical(job)).slice(0, 32)}.json`;
      await mkdir(folder, { recursive: true });
      // Renamed into place, so that half a job is never read.
      const partial = join(folder, `${randomUUID()}.partial`);
      await writeFile(partial, `${JSON.stringify(job)}\n`, { mode: 0o600, flush: true });
      await rename(partial, join(folder, name));
      wake(0);
    },
    start: (by) => {
      worker = by;
      wake(0);
    },
    stop: async () => {
      worker = undefined;
      clearTimeout(timer);
      await running;
    },
  };
}
