/** The files of a log: in a folder on this machine, or served by a ledger. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { addressOf, authorizationOf } from "../../functions/adapters/api-request.ts";
import * as http from "../../functions/adapters/http-client.ts";
import { MAX_ENTRY_BYTES, TILE_WIDTH } from "../../functions/seal/tiles.ts";
import type { LogFiles } from "../../functions/seal/verify/files.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { CliError, Unreachable } from "../error.ts";
import { isSystemError } from "../file/disk.ts";
import { failureOf } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { retried, unreachable } from "../ledger/request.ts";

/** No file of a log is larger. */
const MAX_FILE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2);

/** Undefined if there is no such file or folder. */
async function ifThere<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(cause.code ?? "")) return undefined;
    throw new CliError(`${path}: ${cause.message}`, { cause });
  }
}

export const folderFiles = (folder: string): Required<LogFiles> => ({
  read: (path) => {
    const file = join(folder, path);
    return ifThere(file, () => readFile(file));
  },
  names: async (below) => {
    const path = join(folder, below);
    const entries = await ifThere(path, () => readdir(path, { withFileTypes: true }));
    return (entries ?? []).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  },
});

/** Throws a CliError if there are more bytes than any file of a log has. */
async function allOf(chunks: AsyncIterable<Uint8Array>, where: string): Promise<Buffer> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new CliError(`${where} is larger than any file of a log`);
    all.push(chunk);
  }
  return Buffer.concat(all);
}

async function requested(ledger: Ledger, path: string): Promise<Buffer | undefined> {
  const token = ledger.token ?? (await ledger.identity?.());
  const url = addressOf(ledger, `/v1/log/${path}`);
  try {
    const { status, chunks } = await http.download(url, {
      headers: authorizationOf({ ...ledger, token }),
      redirect: "manual",
    });
    const body = await allOf(chunks, url);
    if (status === 200) return body;
    if (status === 404) return undefined;
    if (status === 429 || status >= 500) throw new Unreachable(`${ledger.url} answered ${status}`);
    const read = readAnswer(z.never(), status, http.parsed(body.toString()));
    throw failureOf(ledger, { status, detail: read.is === "problem" ? read.detail : undefined });
  } catch (error) {
    throw error instanceof http.NoAnswer ? unreachable(ledger, error) : error;
  }
}

/** Rejects with Unreachable, Refused, or a CliError. */
export const servedFiles = (ledger: Ledger): LogFiles => ({
  read: (path) => retried(ledger, () => requested(ledger, path)),
});
