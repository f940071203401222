/** Every implementation of the log's port. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { s3Log } from "../../functions/adapters/s3/log-store.ts";
import type { ListedLog } from "../../functions/seal/log-store.ts";
import { memoryLog } from "./memory-log.ts";
import { startS3 } from "./s3-server.ts";

interface OpenedLog {
  readonly log: ListedLog;
  /** The same place, as another process opens it. */
  readonly again: () => ListedLog;
  readonly close: () => Promise<void>;
}

function inFolder(): OpenedLog {
  const folder = join(mkdtempSync(join(tmpdir(), "asof-log-")), "deep", "log");
  const close = async () => rmSync(join(folder, "..", ".."), { recursive: true });
  return { log: folderLog(folder), again: () => folderLog(folder), close };
}

function inMemory(): OpenedLog {
  const log = memoryLog();
  return { log, again: () => memoryLog(log.files), close: async () => undefined };
}

async function inS3(): Promise<OpenedLog> {
  const server = await startS3();
  const again = () => s3Log("asof-log", server.endpoint);
  return { log: again(), again, close: server.stop };
}

export const LOG_STORES: readonly { name: string; open: () => Promise<OpenedLog> }[] = [
  { name: "memory", open: async () => inMemory() },
  { name: "a folder", open: async () => inFolder() },
  { name: "S3", open: inS3 },
];
