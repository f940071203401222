/**
 * The log of a server: JSON lines on standard error; standard output is for people.
 *
 * Writing to a pipe whose reader has stopped blocks, and would stop every answer. So lines are written one batch at a
 * time by a thread of the pool, and wait meanwhile. Of more than `WAITING_MAX` waiting ones the newest are dropped, and
 * the next line that is written says how many.
 */

import { write, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Log } from "../../ledger/ingest/ingest-context.ts";

const STDERR = 2;
const WAITING_MAX = 10_000;
/** After a pipe that takes nothing for now (`EAGAIN`). */
const RETRY_MS = 50;
const FLUSHES_MAX = 20;

interface Waiting {
  readonly lines: string[];
  dropped: number;
  /** Bytes that are being written. */
  batch: Buffer | undefined;
}

const waiting: Waiting = { lines: [], dropped: 0, batch: undefined };

const lineOf = (level: "info" | "error", message: string, fields?: object): string =>
  `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`;

/** Takes everything that waits. */
function taken(): Buffer {
  const { dropped, lines } = waiting;
  const lost = dropped === 0 ? "" : lineOf("error", "lines of the log were dropped", { count: dropped });
  waiting.dropped = 0;
  return Buffer.from(lost + lines.splice(0).join(""));
}

function proceed(): void {
  if (waiting.batch === undefined && waiting.lines.length === 0) return;
  const batch = waiting.batch ?? taken();
  waiting.batch = batch;
  write(STDERR, batch, (error, written) => {
    if (error?.code === "EAGAIN") {
      setTimeout(RETRY_MS).then(proceed);
      return;
    }
    // Nobody reads it any more (`EPIPE`): there is nowhere to report that.
    const rest = error === null ? batch.subarray(written) : batch.subarray(batch.length);
    waiting.batch = rest.length === 0 ? undefined : rest;
    proceed();
  });
}

const logAs =
  (level: "info" | "error"): Log["info"] =>
  (message, fields) => {
    if (waiting.lines.length >= WAITING_MAX) {
      waiting.dropped += 1;
      return;
    }
    waiting.lines.push(lineOf(level, message, fields));
    if (waiting.batch === undefined) proceed();
  };
export const log: Log = { info: logAs("info"), error: logAs("error") };

/** Waits until every line is written; not for longer than a reader may need, so that a process whose reader stopped ends. */
export async function written(): Promise<void> {
  for (let n = 0; n < FLUSHES_MAX && (waiting.batch !== undefined || waiting.lines.length > 0); n++)
    await setTimeout(RETRY_MS);
}

/** For an end that waits for nothing. */
process.once("exit", () => {
  if (waiting.batch !== undefined || waiting.lines.length === 0) return;
  try {
    writeSync(STDERR, taken());
  } catch {
    // The pipe is full or closed.
  }
});
