/** Long work on a ledger's file, in a thread of its own: whoever asks meanwhile does not wait for it. */
import { Worker } from "node:worker_threads";
import * as z from "zod";
import type { Checked } from "./integrity.ts";

export const Task = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("check"), file: z.string() }),
  z.strictObject({ is: z.literal("backup"), file: z.string(), target: z.string() }),
]);
export type Task = z.infer<typeof Task>;

const Result = z.object({
  facts: z.int(),
  findings: z.array(
    z.object({ what: z.string(), why: z.string(), parts: z.array(z.string()).exactOptional() }),
  ),
});

/** Run from its sources, a thread has to register their loader itself: Node 20 does not pass `--import` on to it. */
const fromSources = (path: URL): string =>
  `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(path.href)}); });`;

function start(workerData: Task): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./worker.mjs", import.meta.url), { workerData });
  return new Worker(fromSources(new URL("./worker.ts", import.meta.url)), { workerData, eval: true });
}

function run(task: Task, signal?: AbortSignal): Promise<unknown> {
  const worker = start(task);
  signal?.addEventListener("abort", () => void worker.terminate(), { once: true });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`the ${task.is} was ended before it was done`)));
  });
}

/** Checks the file while it is in use. Rejects where it cannot be read, or was ended. */
export const checkInBackground = async (file: string, signal?: AbortSignal): Promise<Checked> =>
  Result.parse(await run({ is: "check", file }, signal));

/** Copies the file as it is at one moment to a target, which must not be there. Durable when it returns. */
export async function backupInBackground(file: string, target: string): Promise<void> {
  await run({ is: "backup", file, target });
}
