/** The proof that one entry is in a log, as a file: `c2sp.org/tlog-proof@v1`. */
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { type Hash, hashOfLeaf, provesInclusion } from "./merkle.ts";
import { fromBase64, type VerifierKey } from "./note.ts";

export const PROOF_HEADER = "c2sp.org/tlog-proof@v1";

/** The most hashes of a proof: one for each level of a tree. */
const MAX_HASHES = 63;

/** A proof as text: header, index, hashes from the leaf to the root, and after an empty line the signed checkpoint. */
export const writeProof = (index: number, hashes: readonly Hash[], checkpoint: string): string =>
  [PROOF_HEADER, `index ${index}`, ...hashes.map((hash) => hash.toString("base64")), "", checkpoint].join(
    "\n",
  );

/**
 * What a proof proves of an entry: its index, and the checkpoint of a log that contains it.
 * @param checkpointOf reads a signed checkpoint; undefined if the key has not signed it
 * @returns a reason, as text, if it proves nothing
 */
export function readProof(
  proof: string,
  entry: Uint8Array,
  key: VerifierKey,
  checkpointOf = (note: string) => readCheckpoint(note, key),
): { readonly index: number; readonly checkpoint: Checkpoint } | string {
  const end = proof.indexOf("\n\n");
  // A line of extra data may stand before the index. Nothing vouches for it, so it is left aside.
  const [header, ...lines] = proof.slice(0, Math.max(end, 0)).split("\n");
  const [indexLine = "", ...encoded] = lines.slice(lines[0]?.startsWith("extra ") ? 1 : 0);
  if (header !== PROOF_HEADER) return `the proof does not begin with "${PROOF_HEADER}"`;
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(indexLine) ?? [];
  if (index === undefined) return "the proof names no index";
  const hashes = encoded.map(fromBase64);
  const known = hashes.filter((hash) => hash?.length === 32).filter((hash) => hash !== undefined);
  if (known.length !== encoded.length || known.length > MAX_HASHES) return "the proof's hashes are malformed";
  const checkpoint = checkpointOf(proof.slice(end + 2));
  if (checkpoint === undefined) return `the proof's checkpoint is not signed by the key of ${key.name}`;
  if (!provesInclusion(hashOfLeaf(entry), Number(index), checkpoint, known))
    return "the proof does not lead from this fact to the checkpoint: the fact or the proof was altered";
  return { index: Number(index), checkpoint };
}
