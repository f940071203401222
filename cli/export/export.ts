/** `asof export`: the history as a file, or as a package that can be verified, for auditors. */
import { createReadStream, existsSync, rmSync, statSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { CliError, UsageError } from "../error.ts";
import { count, size } from "../file/progress.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";
import { type ExportQuery, exportInto, type Others } from "./output.ts";

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
const Options = z.looseObject({ ...LedgerOptions.shape, package: maybe });

const HELP = `
  asof export october.ndjson --from 2026-10-01 --to 2026-10-31
  asof export changes.csv --from 2026-10-01 --by occurredAt --environment production --format csv --excel
  asof export facts.parquet --from 2026-01-01 --format parquet
  asof export --package q3 --from 2026-07-01 --to 2026-09-30 --environment production

A package holds the sealed log, the facts of the period in three formats, the audit report of the environment (without
--environment: of each), and what verifies them offline; its README has the commands. The same command in the same folder
goes on with the log where it broke off, and makes the rest anew.
A package for a token that is bound to a part of the ledger has the proof of each of its facts instead of the log.

Persons are commitments in an export: see docs/privacy.md. NDJSON by the time of recording is gone on with where it breaks
off; anything else runs as a job where the ledger has jobs, and is fetched once it is ready. Every export is itself recorded. It needs the role auditor or admin; an existing file is never overwritten.

Exit codes:
  0  the file or the package is whole
  1  it is not: one line says why
${EXIT_CODES}`;

/** Says which time an export without facts went by, and whether the other one would give any. */
function printEmpty({ err }: Io, others: Others | undefined): void {
  if (others === undefined) return;
  const { by, count: given } = others;
  const [of, other] = by === "occurredAt" ? ["occurred", "recordedAt"] : ["was recorded", "occurredAt"];
  err(`asof: no such fact ${of} in that time; --by ${other} would give ${count(given, "fact")}`);
}

/** The ledger's table as Parquet. */
async function exportParquet(file: string, io: Io, ledger: Ledger, query: ExportQuery) {
  const { exportedIn, writeParquet } = await import("./parquet.ts");
  const table = `${file}.partial`;
  try {
    const exported = await exportInto(table, io, ledger, { ...query, format: "csv" });
    await writeParquet(file, exportedIn(createReadStream(table)));
    return exported;
  } finally {
    rmSync(table, { force: true });
  }
}

async function exportFile(file: string, io: Io, ledger: Ledger, query: z.infer<typeof Query>): Promise<void> {
  if (existsSync(file)) throw new CliError(`${file}: exists already; give the name of a new file`);
  const { others } = await (query.format === "parquet" ? exportParquet : exportInto)(file, io, ledger, query);
  printEmpty(io, others);
  io.out(`${file}: ${size(statSync(file).size)}`);
}

async function exportPackage(
  folder: string,
  io: Io,
  ledger: Ledger,
  { format, excel, group, ...query }: z.infer<typeof Query>,
  programs: URL,
): Promise<void> {
  if (format !== undefined || excel !== undefined)
    throw new UsageError("--package has its own formats: leave out --format and --excel");
  if (group !== undefined)
    throw new UsageError("--package reports on one environment or on each: leave out --group");
  const { writePackage } = await import("./package.ts");
  const { others, lines } = await writePackage({ folder, io, ledger, query, programs });
  printEmpty(io, others);
  for (const line of lines) io.out(line);
}

/** @param programs the folder of the programs that a package carries */
export function exportCommand(command: Command, io: Io, programs: URL): Command {
  return withLedgerOptions(command)
    .argument("[file]", "the new file")
    .option("--package <folder>", "instead of a file: what an auditor needs, and what verifies it offline")
    .requiredOption("--from <time>", "the beginning: a date, a time, or so long ago (-30d)")
    .option("--to <time>", "the end (default: now)")
    .option("--tz <zone>", "the time zone of days (default: UTC)")
    .option("--by <time>", "which time lies in the span: recordedAt (default), or occurredAt")
    .option("--format <format>", "ndjson (default), csv, or parquet")
    .option("--excel", "with csv: as Excel opens it")
    .option("--environment <name>", "only facts of this environment")
    .option("--group <name>", "only facts of the environments of this group")
    .option("--service <name>", "only facts of this service")
    .option("--kind <kinds>", "only facts of these kinds, separated by commas")
    .option("--reported-by <name>", "only facts that this token or identity reported")
    .option("--source <source>", "only facts of this source")
    .addHelpText("after", HELP)
    .action(async (file: string | undefined) => {
      const options = Options.parse(command.opts());
      const query = Query.parse(command.opts());
      if ((file === undefined) === (options.package === undefined))
        throw new UsageError("give the name of a new file, or --package: one of them");
      const ledger = ledgerFrom(options, io);
      if (file !== undefined) await exportFile(file, io, ledger, query);
      else if (options.package !== undefined)
        await exportPackage(options.package, io, ledger, query, programs);
      io.end(EXIT.done);
    });
}
