/** `asof export`: the history as a file, for auditors. */
import { closeSync, existsSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { withQuery } from "../functions/adapters/api-client.ts";
import * as http from "../functions/adapters/http-client.ts";
import { BY_HEADER, OTHERS_HEADER } from "../schemas/read-answer.ts";
import { onDisk } from "./disk.ts";
import { CliError, Unreachable } from "./error.ts";
import { streamed } from "./file/download.ts";
import { count, progressOn, size } from "./file/progress.ts";
import { EXIT, EXIT_CODES, type Io } from "./io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "./ledger.ts";

const maybe = z.string().optional();
const Query = z.object({
  from: z.string(),
  to: maybe,
  tz: maybe,
  by: maybe,
  format: maybe,
  excel: z.boolean().optional(),
  environment: maybe,
  group: maybe,
  service: maybe,
  kind: maybe,
  reportedBy: maybe,
  source: maybe,
});
const Options = z.looseObject({ ...LedgerOptions.shape });

const HELP = `
  asof export october.ndjson --from 2026-10-01 --to 2026-10-31
  asof export changes.csv --from 2026-10-01 --by occurredAt --environment production --format csv --excel

Persons are commitments in an export: see docs/privacy.md. NDJSON by the time of recording is gone on with where it breaks
off. Every export is itself recorded. It needs the role auditor or admin; an existing file is never overwritten.

Exit codes:
  0  the file is whole
  1  it is not: one line says why
${EXIT_CODES}`;

const ATTEMPTS = 5;
const NEWLINE = 10;

const Line = z.object({ recordedAt: z.string(), source: z.string(), id: z.string() });

/** A file that grows by whole lines: what follows the last of them is written again. */
interface Output {
  readonly write: (chunk: Uint8Array) => void;
  /** Cuts off an incomplete line. Returns the cursor to go on from; undefined before the first line. */
  readonly cut: () => string | undefined;
  readonly bytes: () => number;
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
  };
}

/** Says which time an export without facts went by, and whether the other one would give any. */
function printEmpty({ err }: Io, headers: Headers): void {
  const others = headers.get(OTHERS_HEADER);
  if (others === null) return;
  const by = headers.get(BY_HEADER);
  const [of, other] = by === "occurredAt" ? ["occurred", "recordedAt"] : ["was recorded", "occurredAt"];
  err(`asof: no such fact ${of} in that time; --by ${other} would give ${count(Number(others), "fact")}`);
}

async function writeAll(io: Io, ledger: Ledger, query: z.infer<typeof Query>, output: Output): Promise<void> {
  const progress = progressOn(io);
  const isResumable = (query.format ?? "ndjson") === "ndjson" && (query.by ?? "recordedAt") === "recordedAt";
  let cursor: string | undefined;
  for (let attempt = 1; ; attempt++) {
    const { headers, chunks } = await streamed(ledger, withQuery("/v1/export", { ...query, cursor }));
    try {
      for await (const chunk of chunks) {
        output.write(chunk);
        progress(() => `exporting: ${size(output.bytes())}`);
      }
      printEmpty(io, headers);
      return;
    } catch (error) {
      if (!(error instanceof http.NoAnswer)) throw error;
      if (!isResumable || attempt === ATTEMPTS)
        throw new Unreachable(`${ledger.url}: the export broke off after ${size(output.bytes())}`);
      cursor = output.cut();
    }
  }
}

export function exportCommand(command: Command, io: Io): Command {
  return withLedgerOptions(command)
    .argument("<file>", "the new file")
    .requiredOption("--from <time>", "the beginning: a date, a time, or so long ago (-30d)")
    .option("--to <time>", "the end (default: now)")
    .option("--tz <zone>", "the time zone of days (default: UTC)")
    .option("--by <time>", "which time lies in the span: recordedAt (default), or occurredAt")
    .option("--format <format>", "ndjson (default), or csv")
    .option("--excel", "with csv: as Excel opens it")
    .option("--environment <name>", "only facts of this environment")
    .option("--group <name>", "only facts of the environments of this group")
    .option("--service <name>", "only facts of this service")
    .option("--kind <kinds>", "only facts of these kinds, separated by commas")
    .option("--reported-by <name>", "only facts that this token or identity reported")
    .option("--source <source>", "only facts of this source")
    .addHelpText("after", HELP)
    .action(async (file: string) => {
      const options = command.opts();
      const query = Query.parse(options);
      if (existsSync(file)) throw new CliError(`${file}: exists already; give the name of a new file`);
      const ledger = ledgerFrom(Options.parse(options), io);
      const handle = onDisk(file, () => openSync(file, "wx", 0o600));
      try {
        const output = outputTo(file, handle);
        await writeAll(io, ledger, query, output);
        io.out(`${file}: ${size(output.bytes())}`);
      } catch (error) {
        // A part of the history must not look like the whole.
        rmSync(file, { force: true });
        throw error;
      } finally {
        closeSync(handle);
      }
      io.end(EXIT.done);
    });
}
