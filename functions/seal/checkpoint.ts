/** Checkpoints: what a log was at one size. `c2sp.org/tlog-checkpoint` v1.0.0, without extension lines. */
import type { Hash } from "./merkle.ts";
import { fromBase64, opened, type Signer, signed, type VerifierKey } from "./note.ts";

export interface Checkpoint {
  readonly size: number;
  readonly root: Hash;
}

/** The text that is signed. Its origin is the name of the key. */
const textOf = (origin: string, { size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString("base64")}\n`;

/** A signed checkpoint, as it is published. */
export const signCheckpoint = (checkpoint: Checkpoint, signer: Signer): Promise<string> =>
  signed(textOf(signer.key.name, checkpoint), signer);

/** A checkpoint that this key has signed for its log; undefined for anything else. */
export function readCheckpoint(note: string, key: VerifierKey): Checkpoint | undefined {
  const [origin, size = "", root = "", ...rest] = opened(note, key)?.split("\n") ?? [];
  const hash = fromBase64(root);
  if (origin !== key.name || !/^(0|[1-9]\d{0,15})$/.test(size) || hash?.length !== 32) return undefined;
  if (rest.length !== 1 || rest[0] !== "" || !Number.isSafeInteger(Number(size))) return undefined;
  return { size: Number(size), root: hash };
}
