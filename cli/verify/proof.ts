/** `asof verify --proof`: the proofs that facts are in a log, one after the other in one file. */
import { createReadStream } from "node:fs";
import { type Checkpoint, readCheckpoint } from "../../functions/seal/checkpoint.ts";
import type { VerifierKey } from "../../functions/seal/note.ts";
import { PROOF_HEADER, readProof } from "../../functions/seal/proof.ts";
import { nameOf } from "../../functions/seal/verify/entry.ts";
import { exitOf, type FactName, type Finding, Findings } from "../../functions/seal/verify/findings.ts";
import { CliError } from "../error.ts";
import { isSystemError } from "../file/disk.ts";
import { linesIn } from "../file/lines.ts";
import { count } from "../file/progress.ts";
import { furtherOf, ofFinding } from "./report.ts";

/** In characters. Whatever is longer is no proof. */
const MAX_PROOF = 65_536;

const BEGINNING = new RegExp(`(?<=\n)(?=${PROOF_HEADER}\n)`);

/** Each proof of a file, as text. */
async function* proofsIn(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = `${rest}${chunk}`.split(BEGINNING);
    rest = parts.pop() ?? "";
    yield* parts;
    if (rest.length <= MAX_PROOF) continue;
    yield rest;
    rest = "";
  }
  if (rest !== "") yield rest;
}

/** The chunks of a file. Throws a CliError where it cannot be read. */
async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file);
  } catch (cause) {
    throw isSystemError(cause) ? new CliError(`${file}: ${cause.message}`, { cause }) : cause;
  }
}

/** Text of UTF-8 that may be cut anywhere. */
async function* textOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** What proofs show of facts. */
export interface Proven {
  readonly facts: number;
  /** The first of the facts. */
  readonly first?: { readonly fact?: FactName; readonly index: number };
  /** The largest of the checkpoints that proofs lead to. */
  readonly checkpoint?: Checkpoint;
  readonly findings: readonly Finding[];
  readonly counts: ReturnType<Findings["counts"]>;
}

/** Proofs of one log have mostly one checkpoint: its signature is checked once. */
function checkpointsOf(key: VerifierKey): (note: string) => Checkpoint | undefined {
  let last: { readonly note: string; readonly checkpoint: Checkpoint | undefined } | undefined;
  return (note) => {
    if (last?.note !== note) last = { note, checkpoint: readCheckpoint(note, key) };
    return last.checkpoint;
  };
}

/** Checks facts one after the other, in bounded memory but for their indexes. */
class Proving {
  readonly #findings = new Findings();
  readonly #lines = new Map<number, number>();
  readonly #key: VerifierKey;
  readonly #path: string | undefined;
  readonly #checkpointOf: (note: string) => Checkpoint | undefined;
  #facts = 0;
  #first: Proven["first"];
  #newest: Checkpoint | undefined;

  /** @param path of the facts, for findings */
  constructor(key: VerifierKey, path: string | undefined) {
    this.#key = key;
    this.#path = path;
    this.#checkpointOf = checkpointsOf(key);
  }

  check(entry: Buffer, proof: string | undefined): void {
    const line = ++this.#facts;
    const fact = nameOf(entry);
    const read =
      proof === undefined ? "it has no proof" : readProof(proof, entry, this.#key, this.#checkpointOf);
    if (typeof read === "string") {
      this.#found(`line ${line}: ${read}`, fact);
      return;
    }
    const { index, checkpoint } = read;
    const earlier = this.#lines.get(index);
    if (earlier !== undefined) this.#found(`line ${line} is line ${earlier} once more`, fact);
    this.#lines.set(index, line);
    this.#first ??= { ...(fact && { fact }), index };
    if (this.#newest === undefined || checkpoint.size > this.#newest.size) this.#newest = checkpoint;
  }

  /** @param more proofs that are left */
  result(more: number): Proven {
    if (more > 0) this.#found(`${count(more, "proof has", "proofs have")} no fact`);
    return {
      facts: this.#facts,
      ...(this.#first && { first: this.#first }),
      ...(this.#newest && { checkpoint: this.#newest }),
      findings: this.#findings.listed(),
      counts: this.#findings.counts(),
    };
  }

  #found(message: string, fact?: FactName): void {
    this.#findings.add({
      kind: "proof",
      message,
      ...(this.#path && { path: this.#path }),
      ...(fact && { fact }),
    });
  }
}

/**
 * Checks each fact with its proof: the first with the first, and so on.
 * @param facts the facts as stored, one a line
 * @param path of the facts, for findings
 */
export async function provenFacts(
  proofs: string,
  facts: string | AsyncIterable<Buffer>,
  key: VerifierKey,
  path?: string,
): Promise<Proven> {
  const proving = new Proving(key, path);
  const given = proofsIn(textOf(chunksOf(proofs)));
  for await (const entry of linesIn(typeof facts === "string" ? chunksOf(facts) : facts))
    proving.check(entry, (await given.next()).value);
  let more = 0;
  for await (const _ of given) more++;
  return proving.result(more);
}

/** What is proved, in one line. */
export function provenLine({ facts, first, checkpoint }: Proven, key: VerifierKey): string {
  if (first === undefined || checkpoint === undefined) return `verified: there are no facts, and no proofs`;
  const log = `the log ${key.name} with ${checkpoint.size} leaves and root ${checkpoint.root.toString("hex")}`;
  if (facts > 1) return `verified: ${count(facts, "fact")} are leaves of ${log}`;
  const name = first.fact === undefined ? "the fact" : `the fact ${first.fact.id} of ${first.fact.source}`;
  return `verified: ${name} is leaf ${first.index} of ${log}`;
}

const openOf = ({ facts }: Proven): string[] => [
  `NOT CHECKED: when the ${facts === 1 ? "fact was" : "facts were"} sealed, and whether the log continued since: verify the whole log for that`,
  "NOT CHECKED: whether what was reported is true, occurredAt included",
];

/** @param facts a file, or the bytes as they come */
export async function verifyProofs(proofs: string, facts: string | AsyncIterable<Buffer>, key: VerifierKey) {
  const proven = await provenFacts(proofs, facts, key);
  const none: Finding = { kind: "proof", message: "there is no fact to be proved" };
  const findings = proven.facts === 0 && proven.findings.length === 0 ? [none] : proven.findings;
  const code = exitOf(findings);
  const { checkpoint, first } = proven;
  const isOne = code === 0 && proven.facts === 1;
  const report = {
    verified: code === 0,
    exit: code,
    findings,
    facts: proven.facts,
    ...(isOne ? first : {}),
    ...(code === 0 && checkpoint !== undefined
      ? { size: checkpoint.size, root: checkpoint.root.toString("hex") }
      : {}),
  };
  const failed = [...findings.map(ofFinding), ...furtherOf(proven.counts), `not verified; exit code ${code}`];
  return { code, report, lines: code === 0 ? [provenLine(proven, key), ...openOf(proven)] : failed };
}
