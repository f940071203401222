/**
 * The package for auditors: the sealed log, the facts of a period in three formats, the audit reports, and the programs
 * that verify all of it offline. Each copy holds facts that are in the log, and says where. A caller who may see only a
 * part of the ledger gets the proof of each fact instead of the log.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CHECKPOINT, KEY } from "../../functions/seal/read-log.ts";
import type { LogFiles } from "../../functions/seal/verify/files.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { Anchors } from "../../schemas/settings/anchors.ts";
import { CliError } from "../error.ts";
import { onDisk, writeInto } from "../file/disk.ts";
import { count, progressOn } from "../file/progress.ts";
import type { Io } from "../io.ts";
import { failureOf } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { sendRequest } from "../ledger/request.ts";
import { servedFiles } from "../verify/files.ts";
import { filesOf, LOG, PROOFS, SUMS, sha256Of } from "../verify/package-files.ts";
import { sealedMs, writeCopies, writeProofs } from "./copies.ts";
import { copyHashes, copyLog, mayReadEntries, type SealedLog, sealedLogOf } from "./log-copy.ts";
import { exportInto } from "./output.ts";
import { type PackageQuery, readmeOf } from "./readme.ts";
import { writeReports } from "./reports.ts";

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

/** The log's hashes, until the proofs are made of them. */
const HASHES = "hashes.partial";

const OWN =
  /^(audit|README\.md|SHA256SUMS|asof-verify\.mjs|verify\.py|facts\.(ndjson|csv|parquet|partial)|.+\.partial)$/;
const WITH_LOG: ReadonlySet<string> = new Set([LOG]);
const WITH_PROOFS: ReadonlySet<string> = new Set([PROOFS, CHECKPOINT, KEY]);

/** A new folder, or the one of an earlier run: it holds nothing but what such a package has. */
function prepare(folder: string, own: ReadonlySet<string>): void {
  onDisk(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const isOther = (name: string): boolean => !OWN.test(name) && !own.has(name);
  const other = onDisk(folder, () => readdirSync(folder)).find(isOther);
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
  writeInto(join(folder, SUMS), lines);
}

/** Where the export lies, and the log as it is now. */
interface Exported {
  readonly file: string;
  readonly files: LogFiles;
  readonly log: SealedLog;
}

interface Proven {
  readonly facts: number;
  readonly unsealed: number;
  /** The sizes of the anchored checkpoints of the log; absent: it holds proofs instead of the log. */
  readonly anchors?: readonly number[];
}

function copying(io: Io, what: string): (done: number, of: number) => void {
  const progress = progressOn(io);
  return (done, of) => progress(() => `copying ${what}: ${count(done, "file")} of ${count(of, "file")}`);
}

/** The facts with the whole log. */
async function withLog({ folder, io, ledger }: Order, { file, files, log }: Exported): Promise<Proven> {
  const to = join(folder, LOG);
  const anchors = await copyLog(files, to, log, await anchorsOf(ledger), copying(io, "the log"));
  const { size } = log.checkpoint;
  const copied = await writeCopies(folder, file, { folder: to, size, sealedMs: sealedMs(to, size) });
  return { ...copied, anchors };
}

/** The facts with the proof of each. A fact that is older than what sealers leave open, and has none, is no mere delay. */
async function withProofs({ folder, io }: Order, { file, files, log }: Exported): Promise<Proven> {
  const from = join(folder, HASHES);
  await copyHashes(files, from, log, copying(io, "the log's hashes"));
  const { size } = log.checkpoint;
  const copied = await writeCopies(folder, file, { folder: from, size, sealedMs: io.now().getTime() });
  await writeProofs(folder, { folder: from, size, note: log.note.toString() }, copied.indexes);
  rmSync(from, { recursive: true, force: true });
  writeInto(join(folder, KEY), `${log.vkey}\n`);
  writeInto(join(folder, CHECKPOINT), log.note);
  return copied;
}

/**
 * Writes a package into a new folder, or into that of an earlier run.
 * @returns what to tell the person; and of an export without facts, what the other time would give
 */
export async function writePackage(order: Order) {
  const { folder, io, ledger, query, programs } = order;
  const verifiers = programsIn(programs);
  const files = servedFiles(ledger);
  // Before anything is exported: the ledger has a log, and what of it the token may read decides what is packed.
  const isWhole = await mayReadEntries(files, await sealedLogOf(files));
  prepare(folder, isWhole ? WITH_LOG : WITH_PROOFS);
  const file = join(folder, UNSORTED);
  const { others } = await exportInto(file, io, ledger, query);
  // The log after the export, so that it holds what was exported.
  const log = await sealedLogOf(files);
  const { facts, unsealed, anchors } = await (isWhole ? withLog : withProofs)(order, { file, files, log });
  rmSync(file);
  const environments = await writeReports(folder, io, ledger, query);
  for (const { name, bytes } of verifiers) writeInto(join(folder, name), bytes);
  const at = io.now().toISOString();
  const { size } = log.checkpoint;
  const packed = { url: ledger.url, at, query, facts, environments, vkey: log.vkey, size };
  writeInto(
    join(folder, "README.md"),
    readmeOf({ ...packed, ...(anchors === undefined ? {} : { anchors }) }),
  );
  await writeSums(folder);
  const left = `${count(unsealed, "fact")} of the last minutes not sealed yet and left out: the same command a minute later has them`;
  const proof = isWhole
    ? `a log of ${count(size, "leaf", "leaves")}`
    : `a proof of each fact in a log of ${count(size, "leaf", "leaves")}`;
  const lines = [
    `${folder}: ${count(facts, "fact")}, ${count(environments.length, "audit report")}, ${proof}`,
    ...(unsealed === 0 ? [] : [left]),
    `${join(folder, "README.md")} has the commands that check it`,
  ];
  return { ...(others && { others }), lines };
}
