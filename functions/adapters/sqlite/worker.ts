/** The worker thread for long work on a ledger's file; see `background.ts`. */
import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "../../ledger/store.ts";
import { backUpWithLog } from "../folder/log-backup.ts";
import { type Reply, Task } from "./background.ts";
import { openReader } from "./database.ts";
import { type Checked, checkDatabase } from "./integrity.ts";

let isStopped = false;
parentPort?.once("message", () => {
  isStopped = true;
});
// To wait for that message is no work.
parentPort?.unref();

/**
 * Checks the file, and pauses as long as it works, so that requests to the ledger come first. Returns nothing where it is
 * told to stop.
 */
async function check(file: string): Promise<Checked | undefined> {
  const database = openReader(file);
  try {
    const steps = checkDatabase(database);
    for (;;) {
      const startedAt = performance.now();
      const step = steps.next();
      if (step.done === true) return step.value;
      await setTimeout(performance.now() - startedAt);
      if (isStopped) return undefined;
    }
  } finally {
    database.close();
  }
}

const task = Task.parse(workerData);
let reply: Reply | undefined;
try {
  // The log's private key does not leave the machine by a request.
  const value = await (task.is === "check" ? check(task.file) : backUpWithLog(task.file, task.target, false));
  if (value !== undefined) reply = { is: "done", value };
} catch (error) {
  // An error loses its class between threads, so its code and message are sent.
  if (!(error instanceof StoreError)) throw error;
  reply = { is: "failed", code: error.code, message: error.message };
}
if (reply !== undefined) parentPort?.postMessage(reply);
