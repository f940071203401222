/**
 * Runs an export as a job, if the ledger offers that: for answers that take longer than a function may run, and cannot
 * resume where they broke off.
 */
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { withQuery } from "../../functions/adapters/api-client.ts";
import * as http from "../../functions/adapters/http-client.ts";
import { ExportJob } from "../../schemas/answers/export-job.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { CliError, Unreachable } from "../error.ts";
import { progressOn, size } from "../file/progress.ts";
import type { Io } from "../io.ts";
import { failureOf, Refused } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { sendRequest } from "../ledger/request.ts";

/** How often a job is asked about, in waits before a first retry: after 2 seconds, and at most every 20. */
const FIRST_WAIT = 2;
const MOST_WAIT = 20;

/** A file that has broken off is fetched again, by a new link. */
const DOWNLOADS = 3;

async function asked(ledger: Ledger, path: string, method: "GET" | "POST"): Promise<ExportJob> {
  const { status, json } = await sendRequest(ledger, { path, method });
  const read = readAnswer(ExportJob, status, json);
  if (read.is === "answer") return read.value;
  throw failureOf(ledger, { status, detail: read.is === "problem" ? read.detail : undefined });
}

/** What a job is once it does not run any more. */
async function ended(ledger: Ledger, io: Io, started: ExportJob): Promise<ExportJob> {
  const progress = progressOn(io);
  let job = started;
  for (let waits = FIRST_WAIT; job.status === "running"; waits = Math.min(waits * 1.5, MOST_WAIT)) {
    await setTimeout(waits * io.waitMs);
    job = await asked(ledger, `/v1/exports/${job.id}`, "GET");
    const seconds = Math.round((io.now().getTime() - Date.parse(job.askedAt)) / 1000);
    progress(() => `the export ${job.id} runs as a job, for ${Math.max(seconds, 0)} s`);
  }
  if (job.status === "ready") return job;
  throw new CliError(`the export ${job.id} failed: the log of the ledger's function says why`);
}

/** Where the bytes of an export go. `restart` forgets those that were written. */
export interface Sink {
  readonly write: (chunk: Uint8Array) => void;
  readonly restart: () => void;
  readonly bytes: () => number;
}

/** Fetches the file of a job. The link is its own permission: no token goes there. */
async function fetched({ link, sha256 }: ExportJob, io: Io, sink: Sink): Promise<void> {
  const progress = progressOn(io);
  const { status, chunks } = await http.download(link ?? "", { redirect: "manual" });
  if (status !== 200) throw new Unreachable(`the link of the export answered ${status}`);
  const hash = createHash("sha256");
  for await (const chunk of chunks) {
    hash.update(chunk);
    sink.write(chunk);
    progress(() => `downloading the export: ${size(sink.bytes())}`);
  }
  if (hash.digest("hex") !== sha256)
    throw new CliError("the export is not what the ledger wrote: its hash differs");
}

/** Asks for a job; undefined where the ledger streams its exports itself, or is too old to have jobs. */
async function begun(ledger: Ledger, query: object): Promise<ExportJob | undefined> {
  try {
    const job = await asked(ledger, withQuery("/v1/exports", { ...query }), "POST");
    // The path of the stream is no address.
    return job.status === "ready" && job.link?.startsWith("/") !== false ? undefined : job;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Has the ledger export as a job, and writes what it made.
 * @returns the job; undefined where the ledger streams its exports itself
 */
export async function exportByJob(
  ledger: Ledger,
  io: Io,
  query: object,
  sink: Sink,
): Promise<ExportJob | undefined> {
  const job = await begun(ledger, query);
  if (job === undefined) return undefined;
  for (let download = 1; ; download++) {
    const ready = await ended(ledger, io, download === 1 ? job : { ...job, status: "running" });
    try {
      await fetched(ready, io, sink);
      return ready;
    } catch (error) {
      if (!(error instanceof http.NoAnswer) && !(error instanceof Unreachable)) throw error;
      if (download === DOWNLOADS)
        throw new Unreachable(`the download of the export broke off: ${error.message}`);
      sink.restart();
    }
  }
}
