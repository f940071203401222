/** A file that grows by whole lines. After a break, what follows the last whole line is written again. */
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import * as z from "zod";
import { withQuery } from "../../functions/adapters/api-request.ts";
import * as http from "../../functions/adapters/http-client.ts";
import type { ExportJob } from "../../schemas/answers/export-job.ts";
import { BY_HEADER, OTHERS_HEADER } from "../../schemas/read-answer.ts";
import { Unreachable } from "../error.ts";
import { onDisk } from "../file/disk.ts";
import { streamed } from "../file/download.ts";
import { progressOn, size } from "../file/progress.ts";
import type { Io } from "../io.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { exportByJob } from "./job.ts";

const ATTEMPTS = 5;
const NEWLINE = 10;

const Line = z.object({ recordedAt: z.string(), source: z.string(), id: z.string() });

interface Output {
  readonly write: (chunk: Uint8Array) => void;
  /** Cuts off an incomplete line. Returns the cursor to go on from; undefined before the first line. */
  readonly cut: () => string | undefined;
  readonly bytes: () => number;
  /** Forgets everything that was written. */
  readonly restart: () => void;
}

function outputTo(file: string, handle: number): Output {
  let [written, whole, tail, last] = [0, 0, Buffer.alloc(0), Buffer.alloc(0)];
  return {
    write: (chunk) => {
      onDisk(file, () => writeSync(handle, chunk, 0, chunk.length, written));
      written += chunk.length;
      tail = Buffer.concat([tail, chunk]);
      const end = tail.lastIndexOf(NEWLINE);
      if (end === -1) return;
      const start = end === 0 ? -1 : tail.lastIndexOf(NEWLINE, end - 1);
      last = tail.subarray(start + 1, end);
      tail = tail.subarray(end + 1);
      whole = written - tail.length;
    },
    cut: () => {
      onDisk(file, () => ftruncateSync(handle, whole));
      written = whole;
      tail = Buffer.alloc(0);
      if (last.length === 0) return undefined;
      const { recordedAt, source, id } = Line.parse(JSON.parse(last.toString("utf8")));
      return `${recordedAt} ${source} ${id}`;
    },
    bytes: () => written,
    restart: () => {
      [written, whole, tail, last] = [0, 0, Buffer.alloc(0), Buffer.alloc(0)];
      onDisk(file, () => ftruncateSync(handle, 0));
    },
  };
}

/** The parameters of `GET /v1/export`. */
export interface ExportQuery {
  readonly from: string;
  readonly by?: string | undefined;
  readonly format?: string | undefined;
}

/** Of an export without facts: how many facts its other time would give. */
export interface Others {
  readonly by: string;
  readonly count: number;
}

const isResumable = ({ format = "ndjson", by = "recordedAt" }: ExportQuery): boolean =>
  format === "ndjson" && by === "recordedAt";

function othersIn(headers: Headers): Others | undefined {
  const [by, count] = [headers.get(BY_HEADER), headers.get(OTHERS_HEADER)];
  return by === null || count === null ? undefined : { by, count: Number(count) };
}

const othersOf = ({ others = null }: ExportJob, { by = "recordedAt" }: ExportQuery): Others | undefined =>
  others === null ? undefined : { by, count: others };

async function writeAll(
  io: Io,
  ledger: Ledger,
  query: ExportQuery,
  output: Output,
): Promise<Others | undefined> {
  const progress = progressOn(io);
  let [cursor, before]: [string | undefined, number] = [undefined, 0];
  for (let attempt = 1; ; attempt++) {
    const { headers, chunks } = await streamed(ledger, withQuery("/v1/export", { ...query, cursor }));
    try {
      for await (const chunk of chunks) {
        output.write(chunk);
        progress(() => `exporting: ${size(output.bytes())}`);
      }
      return othersIn(headers);
    } catch (error) {
      if (!(error instanceof http.NoAnswer)) throw error;
      if (!isResumable(query) || attempt === ATTEMPTS)
        throw new Unreachable(`${ledger.url}: the export broke off after ${size(output.bytes())}`);
      cursor = output.cut();
      // Go on as long as there is progress: on AWS an answer is cut off after 15 minutes.
      if (output.bytes() > before) attempt = 0;
      before = output.bytes();
    }
  }
}

/**
 * Writes an export into a new file, and removes it where the export fails: a part of the history must not look like the
 * whole. NDJSON by the time of recording is gone on with where it breaks off; anything else runs as a job where the ledger
 * has jobs.
 * @returns how much was written, and where it is nothing, what the other time would give
 */
export async function exportInto(
  file: string,
  io: Io,
  ledger: Ledger,
  query: ExportQuery,
): Promise<{ readonly bytes: number; readonly others?: Others }> {
  const handle = onDisk(file, () => openSync(file, "wx", 0o600));
  try {
    const output = outputTo(file, handle);
    const job = isResumable(query) ? undefined : await exportByJob(ledger, io, query, output);
    const others = job === undefined ? await writeAll(io, ledger, query, output) : othersOf(job, query);
    return { bytes: output.bytes(), ...(others && { others }) };
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}
