/** A job queue in the ledger's file. Runs a few jobs at once, and retries each until it succeeds or expires. */
import type * as z from "zod";
import type { Redaction } from "../../ledger/people/redaction.ts";
import type { Database } from "./database.ts";
import { rewriterOf } from "./rewrite.ts";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** Jobs run at once, so that one that is slow to fail does not delay the others. */
const AT_ONCE = 8;

export interface Worker<T> {
  /** Runs one job. Throws if it must be tried again. */
  readonly work: (job: T) => Promise<void>;
  /** Receives the stored text of a job that never succeeded. */
  readonly giveUp: (job: string, error: unknown) => Promise<void>;
}

export interface JobQueue<T> {
  /**
   * Durable when it returns. Adding the same job again is harmless: it is stored once, or run twice.
   * @param afterMs how long it waits first; after a restart it does not
   */
  put(job: T, afterMs?: number): Promise<void>;
  /** Replaces the waiting jobs that a function changes, and what is left of earlier ones. Returns how many it changed. */
  rewrite(holds: Redaction["holds"], change: (job: T) => T): Promise<number>;
  /** Starts with the jobs that the previous process left. */
  start(worker: Worker<T>): Promise<void>;
  /** Waits for the running jobs; the others stay for the next start. */
  stop(): Promise<void>;
}

/** The time of a job's next try, and its wait if that fails, too. */
interface Turn {
  readonly dueMs: number;
  readonly waitMs: number;
}

/** One queue's rows of the table `jobs`. */
function tableOf(database: Database, queue: string) {
  const insert = database.prepare("INSERT INTO jobs (queue, at, body) VALUES (?, ?, ?)");
  const select = database.prepare("SELECT body, at FROM jobs WHERE id = ?");
  const ids = database.prepare("SELECT id FROM jobs WHERE queue = ? ORDER BY id");
  const remove = database.prepare("DELETE FROM jobs WHERE id = ?");
  const bodies = database.prepare("SELECT id, body FROM jobs WHERE queue = ?");
  const replace = database.prepare("UPDATE jobs SET body = ? WHERE id = ?");
  const rewrite = rewriterOf(database, "jobs");
  return {
    add: (body: string): Promise<number> =>
      database.write(() => insert.run(queue, new Date().toISOString(), body).id),
    ids: (): number[] => ids.rows(queue).map(([id]) => Number(id)),
    read: (id: number): { body: string; atMs: number } => {
      const [[body, at] = []] = select.rows(id);
      return { body: String(body), atMs: Date.parse(String(at)) };
    },
    remove: (id: number): Promise<unknown> => database.write(() => remove.run(id)),
    /** @param change returns the same text if nothing is to be changed */
    change: (change: (body: string) => string): Promise<number> =>
      database.write(() => {
        let changed = 0;
        for (const [id, body] of bodies.rows(queue)) {
          const made = change(String(body));
          if (made === body) continue;
          replace.run(made, Number(id));
          changed++;
        }
        rewrite();
        return changed;
      }),
  };
}

/** The age of the oldest job of each queue in seconds. Queues without a job are missing. */
export function queueAgesS(database: Database): Map<string, number> {
  const oldest = database.prepare("SELECT queue, min(at) FROM jobs GROUP BY queue");
  return new Map(
    oldest
      .rows()
      .map(([queue, at]) => [String(queue), Math.max(0, Date.now() - Date.parse(String(at))) / 1000]),
  );
}

export interface QueueOptions {
  /** A job older than this that fails is not tried again. */
  readonly giveUpMs: number;
  readonly firstWaitMs?: number;
}

export function jobQueue<T>(
  database: Database,
  queue: string,
  schema: z.ZodType<T>,
  { giveUpMs, firstWaitMs = FIRST_WAIT_MS }: QueueOptions,
): JobQueue<T> {
  const table = tableOf(database, queue);
  let worker: Worker<T> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Waiting and running jobs. */
  const waiting = new Map<number, Turn>();
  const atHand = new Map<number, Promise<void>>();

  /** Throws if the job must stay in the queue. */
  async function doOne(id: number, { work, giveUp }: Worker<T>): Promise<void> {
    const { body, atMs } = table.read(id);
    try {
      await work(schema.parse(JSON.parse(body)));
    } catch (error) {
      if (Date.now() - atMs < giveUpMs) throw error;
      await giveUp(body, error);
    }
    await table.remove(id);
  }

  function begin(id: number, { waitMs }: Turn, by: Worker<T>): void {
    waiting.delete(id);
    const again = () => {
      waiting.set(id, { dueMs: Date.now() + waitMs, waitMs: Math.min(waitMs * 2, LONGEST_WAIT_MS) });
    };
    const doing = doOne(id, by).catch(again);
    atHand.set(
      id,
      doing.then(() => {
        atHand.delete(id);
        next();
      }),
    );
  }

  /** Starts the jobs that are due, least failed first, and schedules itself for the next one. */
  function next(): void {
    clearTimeout(timer);
    if (worker === undefined || atHand.size === AT_ONCE) return;
    const nowMs = Date.now();
    const due = [...waiting]
      .filter(([, { dueMs }]) => dueMs <= nowMs)
      .sort(([, a], [, b]) => a.waitMs - b.waitMs || a.dueMs - b.dueMs);
    for (const [id, turn] of due.slice(0, AT_ONCE - atHand.size)) begin(id, turn, worker);
    const soonestMs = Math.min(...[...waiting.values()].map(({ dueMs }) => dueMs));
    if (waiting.size > 0) timer = setTimeout(next, Math.max(soonestMs - nowMs, 0));
  }

  const add = (id: number, afterMs = 0): void => {
    waiting.set(id, { dueMs: Date.now() + afterMs, waitMs: firstWaitMs });
  };

  return {
    rewrite: (holds, change) =>
      table.change((body) => (holds(body) ? JSON.stringify(change(schema.parse(JSON.parse(body)))) : body)),
    put: async (job, afterMs) => {
      add(await table.add(JSON.stringify(job)), afterMs);
      next();
    },
    start: async (by) => {
      for (const id of table.ids()) add(id);
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
