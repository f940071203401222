/**
 * What is wrong with a log, found from its files alone by plain code: it shares the formats' readers with the product,
 * and no tree. Hashes are recomputed by the recursive definition of RFC 6962.
 */
import { createHash } from "node:crypto";
import { readCheckpoint } from "../../functions/seal/checkpoint.ts";
import type { VerifierKey } from "../../functions/seal/note.ts";
import { readSeal } from "../../functions/seal/seal-leaf.ts";

const hash = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

type RootOf = (start: number, end: number) => Buffer;

/** The root over entries `start` to `end`, exclusive, which begin at a multiple of their subtrees' widths. */
function rootsOf(entries: readonly Buffer[]): RootOf {
  const found = new Map<string, Buffer>();
  const root: RootOf = (start, end) => {
    const key = `${start}-${end}`;
    const before = found.get(key);
    if (before !== undefined) return before;
    if (end === start) return hash();
    let half = 1;
    while (half * 2 < end - start) half *= 2;
    const made =
      end - start === 1
        ? hash(Buffer.of(0), entries[start] ?? Buffer.alloc(0))
        : hash(Buffer.of(1), root(start, start + half), root(start + half, end));
    found.set(key, made);
    return made;
  };
  return root;
}

const name = (n: number): string => String(n).padStart(3, "0");

/** The entries of the log's bundles, as far as the checkpoint says. */
function entriesIn(files: ReadonlyMap<string, Buffer>, size: number): Buffer[] {
  const entries: Buffer[] = [];
  for (let n = 0; n * 256 < size; n++) {
    const width = Math.min(256, size - n * 256);
    const path = `tile/entries/${name(n)}${width === 256 ? "" : `.p/${width}`}`;
    const bytes = files.get(path) ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 2 + bytes.readUInt16BE(at);
      entries.push(bytes.subarray(at + 2, end));
      at = end;
    }
  }
  return entries;
}

/** The hashes of one level of tiles, by the definition. */
function tilesOf(root: RootOf, size: number): Map<string, Buffer> {
  const tiles = new Map<string, Buffer>();
  for (let level = 0; 256 ** level <= size; level++) {
    const width = 256 ** level;
    const hashes = Array.from({ length: Math.floor(size / width) }, (_, n) =>
      root(n * width, (n + 1) * width),
    );
    for (let n = 0; n * 256 < hashes.length; n++) {
      const some = hashes.slice(n * 256, n * 256 + 256);
      tiles.set(
        `tile/${level}/${name(n)}${some.length === 256 ? "" : `.p/${some.length}`}`,
        Buffer.concat(some),
      );
    }
  }
  return tiles;
}

export interface Expected {
  readonly key: VerifierKey;
  /** The bytes of every fact that has to be in the log once. */
  readonly facts: readonly string[];
  /** All checkpoints that were ever published, oldest first. */
  readonly published?: readonly string[];
  /** Texts that were ever signed. */
  readonly signed?: readonly string[];
}

function wrongSeals(entries: readonly Buffer[], root: RootOf): string[] {
  const wrong: string[] = [];
  let [n, time, start] = [0, "", 0];
  for (const [at, entry] of entries.entries()) {
    const seal = readSeal(entry);
    if (seal === undefined) continue;
    n++;
    if (seal.n !== n) wrong.push(`seal ${n} says that it is ${seal.n}`);
    if (seal.sealedAt <= time) wrong.push(`seal ${n} is not later than the one before`);
    if (seal.previous.size !== start || seal.previous.root !== root(0, start).toString("hex"))
      wrong.push(`seal ${n} continues another log`);
    if (seal.count !== at - start) wrong.push(`seal ${n} counts ${seal.count} facts of ${at - start}`);
    [time, start] = [seal.sealedAt, at + 1];
  }
  if (start !== entries.length) wrong.push("the log does not end with a seal");
  return wrong;
}

function wrongFacts(entries: readonly Buffer[], expected: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const entry of entries)
    if (readSeal(entry) === undefined) counts.set(entry.toString(), (counts.get(entry.toString()) ?? 0) + 1);
  const missing = expected.filter((fact) => !counts.has(fact)).map((fact) => `is not sealed: ${fact}`);
  const twice = [...counts].filter(([, n]) => n > 1).map(([fact, n]) => `is sealed ${n} times: ${fact}`);
  const known = new Set(expected);
  const foreign = [...counts.keys()].filter((fact) => !known.has(fact)).map((fact) => `is no fact: ${fact}`);
  return [...missing, ...twice, ...foreign];
}

/** Everything that is wrong; empty if the log holds what it must. */
export function wrongIn(files: ReadonlyMap<string, Buffer>, expected: Expected): string[] {
  const note = files.get("checkpoint")?.toString() ?? "";
  const checkpoint = readCheckpoint(note, expected.key);
  if (checkpoint === undefined) return ["the checkpoint is not signed"];
  const entries = entriesIn(files, checkpoint.size);
  if (entries.length !== checkpoint.size)
    return [`${entries.length} of ${checkpoint.size} entries are there`];
  const rootOf = rootsOf(entries);
  const wrong: string[] = [];
  const check = (text: string, what: string, last: number): number => {
    const [, size = "", root = ""] = text.split("\n");
    if (Number(size) < last) wrong.push(`${what} falls from ${last} to ${size}`);
    if (Number(size) > entries.length || rootOf(0, Number(size)).toString("base64") !== root)
      wrong.push(`${what} of size ${size} is of another log`);
    return Number(size);
  };
  let last = 0;
  for (const text of [...(expected.published ?? []), note]) last = check(text, "the checkpoint", last);
  for (const text of expected.signed ?? []) check(text, "a signed text", 0);
  for (const [path, bytes] of tilesOf(rootOf, entries.length))
    if (files.get(path)?.equals(bytes) !== true) wrong.push(`${path} holds other hashes`);
  return [...wrong, ...wrongSeals(entries, rootOf), ...wrongFacts(entries, expected.facts)];
}
