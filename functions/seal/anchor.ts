/**
 * Time-stamps of checkpoints by an outside authority (RFC 3161), so that the owner of the log's key cannot change the
 * proof.
 */
import { createHash, randomBytes } from "node:crypto";
import type { LogStore } from "./log-store.ts";
import type { VerifierKey } from "./note.ts";
import { readPublished } from "./read-log.ts";

/** Sends a TimeStampReq to the authority, and gives back its TimeStampResp. */
export type TimestampAuthority = (request: Buffer) => Promise<Buffer>;

/** The authority gave no time-stamp, or one of something else. */
export class NoTimestamp extends Error {}

export const anchorPath = (size: number): string => `anchors/${size}.tsr`;

/** MessageImprint up to its hash: SHA-256 (2.16.840.1.101.3.4.2.1), and the head of 32 bytes. */
const IMPRINT = Buffer.from("3031300d060960864801650304020105000420", "hex");

/** An INTEGER of eight bytes, positive and as short as DER wants it. */
function nonceOf(random: Buffer): Buffer {
  const bytes = Buffer.from(random);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** TimeStampReq (RFC 3161, 2.4.1) in DER: version 1, the hash, a nonce, and that the answer shall carry certificates. */
export function timestampRequest(hash: Buffer, nonce: Buffer): Buffer {
  const fields = [
    Buffer.of(0x02, 1, 1),
    IMPRINT,
    hash,
    Buffer.of(0x02, nonce.length),
    nonce,
    Buffer.of(0x01, 1, 0xff),
  ];
  const body = Buffer.concat(fields);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

/** PKIStatusInfo begins the answer: a SEQUENCE in a SEQUENCE of any length, with the status as an INTEGER of one byte. */
const GRANTED = /^30(?:[0-7].|81..|82....|83......)30[0-7].0201(?:00|01)/;

/** Checks what can be checked without certificates: granted, and of this hash and nonce. A verifier checks the rest. */
function check(answer: Buffer, hash: Buffer, nonce: Buffer): void {
  if (!GRANTED.test(answer.subarray(0, 16).toString("hex")))
    throw new NoTimestamp("the authority granted no time-stamp");
  if (!answer.includes(hash) || !answer.includes(nonce))
    throw new NoTimestamp("the authority's time-stamp is of something else than the checkpoint");
}

/**
 * Has the published checkpoint stamped, and stores the answer beside it.
 * @returns the size of the checkpoint; undefined where none is published, or it is stamped already
 * @throws NoTimestamp, or what the authority's client throws
 */
export async function anchor(
  log: LogStore,
  key: VerifierKey,
  authority: TimestampAuthority,
): Promise<number | undefined> {
  const published = await readPublished(log, key);
  if (published === undefined || (await log.get(anchorPath(published.size))) !== undefined) return undefined;
  const hash = createHash("sha256").update(published.note).digest();
  const nonce = nonceOf(randomBytes(8));
  const answer = await authority(timestampRequest(hash, nonce));
  check(answer, hash, nonce);
  await log.putIfAbsent(anchorPath(published.size), answer);
  return published.size;
}
