/** Keeps jobs in a queue, which hands each one out until it is done, and calls an operator where it never is. */
import type { Jobs } from "../../ledger/ingest/jobs.ts";
import { sender } from "./queue.ts";

export function queueJobs(url: string): Jobs {
  const send = sender(url);
  return { put: (job) => send(JSON.stringify(job)) };
}
