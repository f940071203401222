/** Keeps jobs in a queue, which delivers each one until it is done. A job that never succeeds alerts an operator. */
import type { Jobs } from "../../ledger/ingest/jobs.ts";
import { sender } from "./queue.ts";

export function queueJobs(url: string): Jobs {
  const send = sender(url);
  return { put: (job) => send(JSON.stringify(job)) };
}
