/** Checks bundles in worker threads. */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { startThread } from "../../functions/adapters/threads.ts";
import { type BundleJob, BundleReport, checkBundle } from "../../functions/seal/verify/bundle.ts";

/** More threads than these wait for the disk. */
const MOST = 4;

/** A small log is checked before a thread has started. */
const BY_OURSELVES = 8;

/** Small heaps, collected often: a thread keeps nothing of one bundle for the next. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

interface Waiting {
  readonly resolve: (report: BundleReport) => void;
  readonly reject: (error: Error) => void;
}

/** A thread, and who waits for it: it answers in the order of the jobs. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];

  constructor(module: URL) {
    this.#worker = startThread(module, { resourceLimits: LIMITS });
    this.#worker.on("message", (message: unknown) => {
      const read = BundleReport.safeParse(message);
      if (read.success) this.#waiting.shift()?.resolve(read.data);
      else this.#waiting.shift()?.reject(read.error);
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("a thread ended before its work")));
  }

  get load(): number {
    return this.#waiting.length;
  }

  check(job: BundleJob): Promise<BundleReport> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(job);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

export interface Threads {
  readonly check: (job: BundleJob) => BundleReport | Promise<BundleReport>;
  /** So many jobs keep every thread busy. */
  readonly ahead: number;
  readonly stop: () => Promise<void>;
}

/** @param module the file that a thread runs */
export function bundleThreads(module: URL): Threads {
  const count = Math.min(MOST, availableParallelism());
  const threads: Thread[] = [];
  let jobs = 0;
  return {
    check: (job) => {
      jobs++;
      if (jobs <= BY_OURSELVES) return checkBundle(job);
      if (threads.length < count) threads.push(new Thread(module));
      const [idlest] = threads.toSorted((a, b) => a.load - b.load);
      return idlest === undefined ? checkBundle(job) : idlest.check(job);
    },
    ahead: 2 * count + 2,
    stop: async () => {
      await Promise.all(threads.map((thread) => thread.stop()));
    },
  };
}
