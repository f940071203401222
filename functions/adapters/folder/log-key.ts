/**
 * The log's private key in a file that only its user may read. It is one line, as Go's `sumdb/note` writes signer keys:
 * `PRIVATE+KEY+name+hex(id)+base64(0x01 ‖ seed)`.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromBase64, type Signer, verifierKey } from "../../seal/note.ts";
import { syncToDisk } from "../sqlite/backup.ts";

/** The file holds no key, or one of another log. The message says what to do. */
export class KeyFileError extends Error {}

const PREFIX = "PRIVATE+KEY+";
const ED25519 = 1;

/** What stands before the 32 bytes of a private Ed25519 key in PKCS #8 (RFC 8410, 7). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

const publicBytes = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");

function writeKeyFile(file: string, name: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8.length);
  const { id } = verifierKey(name, publicBytes(privateKey));
  const encoded = Buffer.concat([Buffer.of(ED25519), seed]).toString("base64");
  const partial = `${file}.${randomUUID()}.partial`;
  writeFileSync(partial, `${PREFIX}${name}+${id.toString("hex")}+${encoded}\n`, {
    mode: 0o600,
    flag: "wx",
    flush: true,
  });
  // Linked, not renamed: a key that is there already is never replaced.
  linkSync(partial, file);
  rmSync(partial);
  syncToDisk(dirname(file));
}

/**
 * Reads the key; makes one where there is none.
 * @param name of the log, for a new key; absent: `fallback`
 * @throws KeyFileError
 */
export function fileSigner(file: string, name: string | undefined, fallback: string): Signer {
  if (!existsSync(file)) writeKeyFile(file, name ?? fallback);
  const [, named = "", id, encoded = ""] =
    /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+(\S+)\s*$/.exec(readFileSync(file, "utf8")) ?? [];
  const bytes = fromBase64(encoded);
  if (bytes?.length !== 33 || bytes[0] !== ED25519)
    throw new KeyFileError(
      `${file}: holds no key; put it back from a backup, for only it can continue the log`,
    );
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, bytes.subarray(1)]),
    format: "der",
    type: "pkcs8",
  });
  const made = verifierKey(named, publicBytes(key));
  if (made.id.toString("hex") !== id) throw new KeyFileError(`${file}: its id is not that of its key`);
  if (name !== undefined && name !== named)
    throw new KeyFileError(`${file}: is the key of the log ${named}, not of ${name}; a log keeps its name`);
  return { key: made, sign: async (text) => sign(null, text, key) };
}
