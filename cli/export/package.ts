/**
 * The package for auditors: the sealed log, the facts of a period in three formats, the audit reports, and the programs
 * that verify all of it offline. Each copy holds facts that are in the log, and says where.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Anchors } from "../../schemas/anchors.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { failureOf } from "../client.ts";
import { onDisk } from "../disk.ts";
import { CliError } from "../error.ts";
import { count, progressOn } from "../file/progress.ts";
import type { Io } from "../io.ts";
import type { Ledger } from "../ledger.ts";
import { sendRequest } from "../request.ts";
import { servedFiles } from "../verify/files.ts";
import { filesOf, LOG, SUMS, sha256Of } from "../verify/package-files.ts";
import { writeCopies } from "./copies.ts";
import { copyLog, sealedLogOf, writeWhole } from "./log-copy.ts";
import { type ExportQuery, exportInto } from "./output.ts";
import { readmeOf } from "./readme.ts";
import { writeReports } from "./reports.ts";

export interface PackageQuery extends ExportQuery {
  readonly to?: string | undefined;
  readonly tz?: string | undefined;
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

interface Order {
  readonly folder: string;
  readonly io: Io;
  readonly ledger: Ledger;
  readonly query: PackageQuery;
  /** The folder of the programs that a package carries. */
  readonly programs: URL;
}

const VERIFIERS = ["asof-verify.mjs", "verify.py"] as const;

/** The export as it comes, until the facts are looked up in the log. */
const UNSORTED = "facts.partial";

const OWN =
  /^(log|audit|README\.md|SHA256SUMS|asof-verify\.mjs|verify\.py|facts\.(ndjson|csv|parquet|partial)|.+\.partial)$/;

/** A new folder, or the one of an earlier run: it holds nothing but what a package has. */
function prepare(folder: string): void {
  onDisk(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const other = onDisk(folder, () => readdirSync(folder)).find((name) => !OWN.test(name));
  if (other !== undefined)
    throw new CliError(
      `${join(folder, other)}: is no part of a package; give a new folder, or that of an earlier run`,
    );
  // What the earlier run made is made anew; the log goes on.
  for (const name of [UNSORTED, "audit", SUMS]) rmSync(join(folder, name), { recursive: true, force: true });
}

const programsIn = (programs: URL) =>
  VERIFIERS.map((name) => {
    const file = new URL(name, programs);
    if (existsSync(file)) return { name, bytes: readFileSync(file) };
    throw new CliError(`${name}: is not beside this program; use asof as it is installed from its package`);
  });

async function anchorsOf(ledger: Ledger): Promise<Anchors> {
  const { status, json } = await sendRequest(ledger, { path: "/v1/log/anchors" });
  const read = readAnswer(Anchors, status, json);
  if (read.is === "answer") return read.value;
  throw failureOf(ledger, { status, detail: read.is === "problem" ? read.detail : undefined });
}

/** Lines as `sha256sum` writes them. */
async function writeSums(folder: string): Promise<void> {
  let lines = "";
  for (const path of filesOf(folder)) lines += `${await sha256Of(join(folder, path))}  ${path}\n`;
  writeWhole(join(folder, SUMS), lines);
}

/**
 * Writes a package into a new folder, or into that of an earlier run.
 * @returns the headers of the export, and what to tell the person
 */
export async function writePackage({ folder, io, ledger, query, programs }: Order) {
  const verifiers = programsIn(programs);
  const files = servedFiles(ledger);
  // Before anything is exported: a token that is bound may not read the log.
  await sealedLogOf(files);
  prepare(folder);
  const exported = join(folder, UNSORTED);
  const { headers } = await exportInto(exported, io, ledger, query);
  // The log after the export, so that it holds what was exported.
  const log = await sealedLogOf(files);
  const progress = progressOn(io);
  const anchored = await anchorsOf(ledger);
  const anchors = await copyLog(files, join(folder, LOG), log, anchored, (done, of) =>
    progress(() => `copying the log: ${count(done, "file")} of ${count(of, "file")}`),
  );
  const { size } = log.checkpoint;
  const { facts, unsealed } = await writeCopies(folder, exported, { folder: join(folder, LOG), size });
  rmSync(exported);
  const environments = await writeReports(folder, io, ledger, query);
  for (const { name, bytes } of verifiers) writeWhole(join(folder, name), bytes);
  const at = io.now().toISOString();
  const packed = { url: ledger.url, at, query, facts, environments, vkey: log.vkey, size, anchors };
  writeWhole(join(folder, "README.md"), readmeOf(packed));
  await writeSums(folder);
  const left = `${count(unsealed, "fact")} of the last minutes not sealed yet and left out: the same command a minute later has them`;
  const lines = [
    `${folder}: ${count(facts, "fact")}, ${count(environments.length, "audit report")}, a log of ${count(size, "leaf", "leaves")}`,
    ...(unsealed === 0 ? [] : [left]),
    `${join(folder, "README.md")} has the commands that check it`,
  ];
  return { headers, lines };
}
