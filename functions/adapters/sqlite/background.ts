/** Long work on a ledger's file, in a worker thread, so that requests do not wait for it. */
import { rmSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { BackUp } from "../../ledger/export/backup.ts";
import { STORE_CODES, StoreError } from "../../ledger/store.ts";
import { startThread } from "../threads.ts";
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

const Reply = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("done"), value: z.unknown() }),
  z.strictObject({ is: z.literal("failed"), code: z.enum(STORE_CODES), message: z.string() }),
]);
export type Reply = z.infer<typeof Reply>;

const THREAD = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.mjs", import.meta.url);

async function run(task: Task, signal?: AbortSignal): Promise<unknown> {
  const worker = startThread(THREAD, { workerData: task });
  // Told, not terminated: libsql ends the whole process where its thread ends within a call.
  signal?.addEventListener("abort", () => worker.postMessage("stop"), { once: true });
  const message: unknown = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`the ${task.is} was stopped before it finished`)));
  });
  const reply = Reply.parse(message);
  if (reply.is === "failed") throw new StoreError(reply.code, reply.message);
  return reply.value;
}

/** Checks the file while it is in use. Rejects if it cannot be read, or if the check was aborted. */
export const checkInBackground = async (file: string, signal?: AbortSignal): Promise<Checked> =>
  Result.parse(await run({ is: "check", file }, signal));

const CHUNK_BYTES = 1024 * 1024;

/** Streams an open file to its end. Closes it then, or when the reader cancels. */
const streamOf = (handle: FileHandle): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: async (controller) => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES));
      if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
      await handle.close();
      controller.close();
    },
    cancel: () => handle.close(),
  });

/**
 * Makes backups in a worker thread, one at a time; returns undefined while another backup is made. The copy is a file
 * beside the ledger's. It is unlinked before it is streamed, so the system frees it however its reader ends.
 */
export function backupsOf(file: string): BackUp {
  const target = join(dirname(file), "backup.db");
  // What an interrupted backup left holds persons who may be erased since.
  for (const left of [target, `${target}.partial`]) rmSync(left, { force: true });
  let isBusy = false;
  return async () => {
    if (isBusy) return undefined;
    isBusy = true;
    try {
      const facts = z.int().parse(await run({ is: "backup", file, target }));
      const handle = await open(target, "r");
      await rm(target);
      const { size: bytes } = await handle.stat();
      return { facts, bytes, body: streamOf(handle) };
    } finally {
      isBusy = false;
    }
  };
}
