/** The thread for long work on a ledger's file; see `background.ts`. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Task } from "./background.ts";
import { openReader } from "./database.ts";
import { type Checked, checkDatabase } from "./integrity.ts";

/** Checks the file, and rests as long as it works: what is asked of the ledger meanwhile comes first. */
async function check(file: string): Promise<Checked> {
  const database = openReader(file);
  try {
    const steps = checkDatabase(database);
    for (;;) {
      const startedAt = performance.now();
      const step = steps.next();
      if (step.done === true) return step.value;
      await setTimeout(performance.now() - startedAt);
    }
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Copies the file as it is at one moment. The target is there whole, and on disk, or not at all. */
function backup(file: string, target: string): void {
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  // Made here, so that nobody else can read it meanwhile; `VACUUM INTO` takes an empty file.
  closeSync(openSync(partial, "wx", 0o600));
  const database = openReader(file);
  try {
    database.prepare("VACUUM INTO ?").run(partial);
    sync(partial);
    renameSync(partial, target);
    sync(dirname(target));
  } finally {
    database.close();
    rmSync(partial, { force: true });
  }
}

const task = Task.parse(workerData);
if (task.is === "check") parentPort?.postMessage(await check(task.file));
else {
  backup(task.file, task.target);
  parentPort?.postMessage({});
}
