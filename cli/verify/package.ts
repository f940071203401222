/** Verifies a package beyond its log: that each fact of the readable copies is in the log, and the files' hashes. */
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCheckpoint } from "../../functions/seal/checkpoint.ts";
import { hashOfLeaf } from "../../functions/seal/merkle.ts";
import type { VerifierKey } from "../../functions/seal/note.ts";
import { bundleWith, CHECKPOINT } from "../../functions/seal/read-log.ts";
import { HASH_BYTES, pathOf, TILE_WIDTH } from "../../functions/seal/tiles.ts";
import type { Assurance } from "../../functions/seal/verify/assurance.ts";
import { nameOf } from "../../functions/seal/verify/entry.ts";
import { exitOf, type Finding, Findings, KINDS } from "../../functions/seal/verify/findings.ts";
import type { Verification } from "../../functions/seal/verify/log.ts";
import { linesIn } from "../file/lines.ts";
import { FACTS, filesOf, LOG, PROOFS, SUMS, sha256Of } from "./package-files.ts";
import { provenFacts, provenLine } from "./proof.ts";
import { furtherOf, ofFinding } from "./report.ts";

/** Of the files of a package beside its facts. */
export const ONLY_HASHED =
  "whether the tables and the audit report say what the facts say: only their hashes, which whoever made the package wrote";

const SUM = /^([0-9a-f]{64}) {2}(.+)$/;

/** Each file against its hash; the file of the hashes itself has none. */
async function hashes(folder: string, findings: Findings): Promise<void> {
  const file = join(folder, SUMS);
  if (!existsSync(file)) {
    findings.add({ kind: "missing", path: SUMS, message: "the hashes of the package are not there" });
    return;
  }
  const there = new Set(filesOf(folder));
  const lines = readFileSync(file, "utf8").split("\n");
  if (lines.pop() !== "") findings.add({ kind: "copy", path: SUMS, message: "its last line is cut off" });
  for (const [n, line] of lines.entries()) {
    const [, sum, path = ""] = SUM.exec(line) ?? [];
    if (sum === undefined) {
      findings.add({ kind: "copy", path: SUMS, message: `line ${n + 1} is no hash of a file` });
    } else if (!there.delete(path)) {
      findings.add({
        kind: "missing",
        path,
        message: `${SUMS} names it, once more or though it is not there`,
      });
    } else if ((await sha256Of(join(folder, path))) !== sum) {
      findings.add({ kind: "copy", path, message: `is not what was packed: ${SUMS} has another hash` });
    }
  }
  for (const path of there)
    findings.add({
      kind: "extra",
      path,
      message: `does not belong to the package: ${SUMS} does not name it`,
    });
}

/** The leaf hashes of a copied log, in base64, which the verification of the log has compared with its entries. */
function* leavesOf(log: string, size: number): Generator<string> {
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const file = join(log, pathOf({ ...bundleWith(first, size), level: 0 }));
    const tile = existsSync(file) ? readFileSync(file) : Buffer.of();
    for (let at = 0; at < tile.length; at += HASH_BYTES) yield tile.toString("base64", at, at + HASH_BYTES);
  }
}

/** Each line of the readable facts is an entry of the log, and stands there once. */
async function facts(folder: string, size: number, findings: Findings): Promise<void> {
  const file = join(folder, FACTS);
  if (!existsSync(file)) {
    findings.add({ kind: "missing", path: FACTS, message: "the facts of the period are not there" });
    return;
  }
  const wrong = (line: Buffer, message: string): void => {
    const fact = nameOf(line);
    findings.add({ kind: "copy", path: FACTS, message, ...(fact === undefined ? {} : { fact }) });
  };
  const open = new Map<string, number>();
  let n = 0;
  for await (const line of linesIn(createReadStream(file))) {
    const hash = hashOfLeaf(line).toString("base64");
    const earlier = open.get(hash);
    n++;
    if (earlier === undefined) open.set(hash, n);
    else wrong(line, `line ${n} is line ${earlier} once more`);
  }
  for (const hash of leavesOf(join(folder, LOG), size)) open.delete(hash);
  if (open.size === 0) return;
  const strange = new Set(open.values());
  n = 0;
  for await (const line of linesIn(createReadStream(file)))
    if (strange.has(++n)) wrong(line, `line ${n} is no fact of the log: it was altered, or added`);
}

/** Counts of several checks, by kind. */
function summed(...all: readonly Verification["counts"][]): Verification["counts"] {
  const counts = new Map<string, number>();
  for (const [kind, count] of all.flatMap((one) => Object.entries(one)))
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  return Object.fromEntries(counts);
}

/** What is open after the verification of a package without a log. */
const OF_PROOFS: Assurance = {
  notChecked: [
    "the log itself: that nothing was dropped from it, when facts were sealed, and that it continues an earlier one; whoever may see all of the ledger can verify it, up to the checkpoint of this package",
    ONLY_HASHED,
    "whether everything that happened was reported, recorded and exported: a proof shows that a fact was not altered, never that there are no others",
    "whether what was reported is true, occurredAt included: it is its source's word",
    "whose key this is: you brought it",
  ],
  couldCheat: [
    "whoever holds the log's key could have written another log, with other facts, and signed it",
    "whoever runs the ledger could have kept a statement from being recorded, or a fact from being exported",
  ],
};

/** Verifies a package without a log: the proof of each fact, the checkpoint, and the files' hashes. */
export async function verifyProofPackage(folder: string, key: VerifierKey) {
  const findings = new Findings();
  const missing = [FACTS, CHECKPOINT].filter((path) => !existsSync(join(folder, path)));
  for (const path of missing) findings.add({ kind: "missing", path, message: "it belongs to a package" });
  const proven = missing.includes(FACTS)
    ? undefined
    : await provenFacts(join(folder, PROOFS), join(folder, FACTS), key, FACTS);
  const signed = missing.includes(CHECKPOINT)
    ? undefined
    : readCheckpoint(readFileSync(join(folder, CHECKPOINT), "utf8"), key);
  if (signed === undefined && !missing.includes(CHECKPOINT))
    findings.add({ kind: "signature", path: CHECKPOINT, message: "your key has not signed it" });
  await hashes(folder, findings);
  const all = [...findings.listed(), ...(proven?.findings ?? [])].toSorted(
    (a, b) => KINDS[a.kind] - KINDS[b.kind],
  );
  const report = {
    verified: all.length === 0,
    exit: exitOf(all),
    log: { name: key.name, ...(signed && { size: signed.size, root: signed.root.toString("hex") }) },
    facts: proven?.facts ?? 0,
    findings: all,
    counts: summed(findings.counts(), proven?.counts ?? {}),
    ...OF_PROOFS,
  };
  const verdict =
    report.verified && proven !== undefined
      ? provenLine(proven, key)
      : `not verified; exit code ${report.exit}`;
  const lines = [
    ...all.map(ofFinding),
    ...furtherOf(report.counts),
    ...report.notChecked.map((line) => `NOT CHECKED: ${line}`),
    ...report.couldCheat.map((line) => `COULD STILL CHEAT: ${line}`),
    verdict,
  ];
  return { code: report.exit, report, lines };
}

/** The verification of a package's log, with what is wrong with the files beside it. Paths are those in the package. */
export async function withCopies(folder: string, verification: Verification): Promise<Verification> {
  const findings = new Findings();
  await facts(folder, verification.checkpoint?.size ?? 0, findings);
  await hashes(folder, findings);
  const inLog = verification.findings.map(
    (finding): Finding =>
      finding.path === undefined ? finding : { ...finding, path: `${LOG}/${finding.path}` },
  );
  return {
    ...verification,
    findings: [...inLog, ...findings.listed()],
    counts: summed(verification.counts, findings.counts()),
  };
}
