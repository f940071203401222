/** Signed notes and their keys, Ed25519: `c2sp.org/signed-note` v1.0.0. */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

/** Signs with a key that is kept elsewhere, so that the bytes of the key need not be here. */
export interface Signer {
  readonly key: VerifierKey;
  /** @returns the Ed25519 signature of the bytes: 64 bytes */
  sign(bytes: Uint8Array): Promise<Buffer>;
}

/** A public key with the name of the log that it signs for. */
export interface VerifierKey {
  readonly name: string;
  /** The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key). */
  readonly id: Buffer;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** The algorithm of the key, as signed notes number it. */
const ED25519 = Uint8Array.of(1);

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A name is printed in lines and joined by `+`: no space and no plus sign. */
const NAME = /^[^\s+\p{C}]+$/u;

/** The bytes of canonical base64 with padding; undefined for any other spelling. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** A key by its name and its 32 bytes. Throws a RangeError if one of them cannot be. */
export function verifierKey(name: string, publicKey: Buffer): VerifierKey {
  if (!NAME.test(name))
    throw new RangeError(`a log's name has no spaces and no "+": ${JSON.stringify(name)}`);
  if (publicKey.length !== KEY_BYTES) throw new RangeError(`an Ed25519 key has ${KEY_BYTES} bytes`);
  const hash = createHash("sha256").update(`${name}\n`).update(ED25519).update(publicKey).digest();
  return { name, id: hash.subarray(0, 4), publicKey };
}

/** A key as people exchange it, a vkey: `name+hex(id)+base64(0x01 ‖ key)`. */
export const writeKey = ({ name, id, publicKey }: VerifierKey): string =>
  `${name}+${id.toString("hex")}+${Buffer.concat([ED25519, publicKey]).toString("base64")}`;

/** Reads a vkey; undefined if it is none, or if its id is not that of its key. */
export function readKey(text: string): VerifierKey | undefined {
  const [, name = "", id, encoded = ""] = /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  const bytes = fromBase64(encoded);
  if (!NAME.test(name) || bytes?.length !== KEY_BYTES + 1 || bytes[0] !== ED25519[0]) return undefined;
  const key = verifierKey(name, bytes.subarray(1));
  return key.id.toString("hex") === id ? key : undefined;
}

/** The text with a signature line after it. The text ends with a newline. */
export async function signed(text: string, { key, sign }: Signer): Promise<string> {
  const signature = await sign(Buffer.from(text));
  return `${text}\n— ${key.name} ${Buffer.concat([key.id, signature]).toString("base64")}\n`;
}

/** The most bytes of a note that are read. */
const MAX_NOTE_BYTES = 1_000_000;

const SIGNATURE = /^— ([^\s+]+) (\S+)$/;

/**
 * The text of a note that the key has signed; undefined if it has not, or if the note is malformed. Signatures by other
 * keys are left aside; each that names this key must be right.
 */
export function opened(note: string, key: VerifierKey): string | undefined {
  const split = note.lastIndexOf("\n\n");
  if (note.length > MAX_NOTE_BYTES || split < 0 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, split + 1);
  // No control character but the newline.
  if (/[^\P{Cc}\n]/u.test(text)) return undefined;
  const lines = note.slice(split + 2, -1).split("\n");
  const signatures = lines.map((line) => SIGNATURE.exec(line));
  if (signatures.includes(null)) return undefined;
  const ours = signatures.flatMap((found) => {
    const [, name, encoded = ""] = found ?? [];
    const bytes = fromBase64(encoded);
    return name === key.name && bytes?.subarray(0, 4).equals(key.id) ? [bytes.subarray(4)] : [];
  });
  const isRight = (signature: Buffer): boolean =>
    signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), cryptoKey(key), signature);
  return ours.length > 0 && ours.every(isRight) ? text : undefined;
}

/** To read a key takes a third as long as to verify with it, and a log has a checkpoint for each seal. */
const cryptoKeys = new WeakMap<VerifierKey, KeyObject>();

function cryptoKey(key: VerifierKey): KeyObject {
  const known = cryptoKeys.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: key.publicKey.toString("base64url") },
    format: "jwk",
  });
  cryptoKeys.set(key, made);
  return made;
}
