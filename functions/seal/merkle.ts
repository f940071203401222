/** The Merkle tree of RFC 6962, section 2.1, over SHA-256. Hashes are 32 bytes. */
import { createHash, hash } from "node:crypto";

export type Hash = Buffer;

/** A complete subtree: the leaves from `index · 2^level` to `(index + 1) · 2^level`, exclusive. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

const LEAF = Uint8Array.of(0);

/** The root of a tree without leaves. */
export const emptyRoot = (): Hash => createHash("sha256").digest();

/** SHA-256(0x00 ‖ entry). */
export const hashOfLeaf = (entry: Uint8Array): Hash =>
  createHash("sha256").update(LEAF).update(entry).digest();

/** What is hashed of a node: kept, because a log of a million leaves hashes as many nodes. */
const inner = Buffer.of(1, ...Buffer.alloc(64));

/** SHA-256(0x01 ‖ left ‖ right). */
export function hashOfNode(left: Hash, right: Hash): Hash {
  if (left.length !== 32 || right.length !== 32) throw new RangeError("a hash has 32 bytes");
  inner.set(left, 1);
  inner.set(right, 33);
  return hash("sha256", inner, "buffer");
}

/** The largest power of two smaller than `size`, which is at least 2. */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/**
 * The complete subtrees that leaves `start` to `end` (exclusive) consist of, from left to right. `start` must be a
 * multiple of the largest of them, as it is for each side of a split.
 */
function subtrees(start: number, end: number): Node[] {
  const found: Node[] = [];
  let at = start;
  for (let level = Math.floor(Math.log2(Math.max(1, end - start))); level >= 0; level--) {
    const width = 2 ** level;
    if (end - at < width) continue;
    found.push({ level, index: at / width });
    at += width;
  }
  return found;
}

/** The hash over neighbouring subtrees, from left to right, of which each is larger than the next. */
function folded(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1);
  if (last === undefined) return emptyRoot();
  return hashes.slice(0, -1).reduceRight((right, left) => hashOfNode(left, right), last);
}

/**
 * A tree that only grows, held as the hashes of its complete subtrees: one for each bit of its size.
 * @param heard is called with each subtree as it becomes complete, leaves included
 */
export class GrowingTree {
  #size: number;
  readonly #hashes: Hash[];
  readonly #heard: (node: Node, hash: Hash) => void;

  /** Continues a tree of `size` leaves: `hashes` are those of `subtreesOf(size)`. */
  constructor(size = 0, hashes: readonly Hash[] = [], heard: (node: Node, hash: Hash) => void = () => {}) {
    this.#size = size;
    this.#hashes = [...hashes];
    this.#heard = heard;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Hash): void {
    let hash = leaf;
    let index = this.#size;
    let level = 0;
    this.#heard({ level, index }, hash);
    while (index % 2 === 1) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error("a growing tree needs the hash of each complete subtree");
      hash = hashOfNode(left, hash);
      index = (index - 1) / 2;
      level++;
      this.#heard({ level, index }, hash);
    }
    this.#hashes.push(hash);
    this.#size++;
  }

  /** The hashes of its complete subtrees, from left to right. */
  subtrees(): Hash[] {
    return [...this.#hashes];
  }

  /** @param rest hashes of smaller complete subtrees that follow the leaves, from left to right */
  root(rest: readonly Hash[] = []): Hash {
    return folded([...this.#hashes, ...rest]);
  }
}

/** The complete subtrees of a tree of this size, from left to right. */
export const subtreesOf = (size: number): Node[] => subtrees(0, size);

interface Tree {
  readonly size: number;
  readonly root: Hash;
}

/** One hash of a proof: the hash over these subtrees. */
export type ProofPart = readonly Node[];

/** The parts of the proof that leaf `index` is in the tree of `size` leaves, from the leaf to the root (2.1.1). */
export function inclusionParts(index: number, size: number): ProofPart[] {
  const parts: ProofPart[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      parts.push(subtrees(middle, end));
      end = middle;
    } else {
      parts.push(subtrees(start, middle));
      start = middle;
    }
  }
  return parts.reverse();
}

/** The parts of the proof that a tree of `size` leaves continues the one of `old` leaves (2.1.2); 0 < old <= size. */
export function consistencyParts(old: number, size: number): ProofPart[] {
  const parts: ProofPart[] = [];
  let [start, end] = [0, size];
  let isWhole = true;
  while (old < end) {
    const middle = start + split(end - start);
    if (old <= middle) {
      parts.push(subtrees(middle, end));
      end = middle;
    } else {
      parts.push(subtrees(start, middle));
      start = middle;
      isWhole = false;
    }
  }
  if (!isWhole) parts.push(subtrees(start, end));
  return parts.reverse();
}

/** The hashes of a proof. `hashOf` gives the hash of a complete subtree. */
export const hashesOf = (parts: readonly ProofPart[], hashOf: (node: Node) => Hash): Hash[] =>
  parts.map((part) => folded(part.map(hashOf)));

/** Whether the proof shows that `leaf` is number `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2). */
export function provesInclusion(
  leaf: Hash,
  index: number,
  { size, root }: Tree,
  proof: readonly Hash[],
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let [position, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = hashOfNode(sibling, hash);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else hash = hashOfNode(hash, sibling);
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/** Whether the proof shows that the tree of `to` begins with the whole tree of `from` (RFC 9162, 2.1.4.2). */
export function provesConsistency(from: Tree, to: Tree, proof: readonly Hash[]): boolean {
  if (!isCount(from.size) || !isCount(to.size) || from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && from.root.equals(to.root);
  if (from.size === 0) return proof.length === 0 && from.root.equals(emptyRoot());
  const roots = rootsBy(
    from.size,
    to.size,
    Number.isInteger(Math.log2(from.size)) ? [from.root, ...proof] : proof,
  );
  if (roots === undefined) return false;
  return roots.older.equals(from.root) && roots.newer.equals(to.root);
}

/** The roots of both trees that a consistency proof leads to; undefined if it is too short or too long. */
function rootsBy(
  older: number,
  newer: number,
  [first, ...rest]: readonly Hash[],
): { readonly older: Hash; readonly newer: Hash } | undefined {
  if (first === undefined) return undefined;
  let [position, last] = [older - 1, newer - 1];
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  let [old, grown] = [first, first];
  for (const hash of rest) {
    if (last === 0) return undefined;
    if (position % 2 === 1 || position === last) {
      old = hashOfNode(hash, old);
      grown = hashOfNode(hash, grown);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else grown = hashOfNode(grown, hash);
    [position, last] = [half(position), half(last)];
  }
  return last === 0 ? { older: old, newer: grown } : undefined;
}

const half = (n: number): number => Math.floor(n / 2);

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
