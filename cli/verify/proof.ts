/** `asof verify --proof`: the proof that one fact is in a log. */
import type { VerifierKey } from "../../functions/seal/note.ts";
import { readProof } from "../../functions/seal/proof.ts";
import { nameOf } from "../../functions/seal/verify/entry.ts";
import { KINDS } from "../../functions/seal/verify/findings.ts";
import { EXIT } from "../io.ts";

const NEWLINE = 0x0a;

const OPEN = [
  "NOT CHECKED: when the fact was sealed, and whether the log continued since: verify the whole log for that",
  "NOT CHECKED: whether what was reported is true, occurredAt included",
];

/** @param bytes the fact as stored; a newline after it, as in NDJSON, is left aside */
export function verifyProof(proof: string, bytes: Buffer, key: VerifierKey) {
  const entry = bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes;
  const read = readProof(proof, entry, key);
  const fact = nameOf(entry);
  if (typeof read === "string") {
    const finding = { kind: "proof", message: read, ...(fact === undefined ? {} : { fact }) };
    const lines = [`FAILED proof (${KINDS.proof}): ${read}`, `not verified; exit code ${KINDS.proof}`];
    return { code: KINDS.proof, report: { verified: false, exit: KINDS.proof, findings: [finding] }, lines };
  }
  const { index, checkpoint } = read;
  const root = checkpoint.root.toString("hex");
  const name = fact === undefined ? "the fact" : `the fact ${fact.id} of ${fact.source}`;
  return {
    code: EXIT.done,
    report: {
      verified: true,
      exit: EXIT.done,
      findings: [],
      ...(fact === undefined ? {} : { fact }),
      index,
      size: checkpoint.size,
      root,
    },
    lines: [
      `verified: ${name} is leaf ${index} of the log ${key.name} with ${checkpoint.size} leaves and root ${root}`,
      ...OPEN,
    ],
  };
}
