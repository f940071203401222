/** Checks one bundle of entries against its tile of hashes. Takes most of the time, and needs nothing else of the log. */
import * as z from "zod";
import { emptyRoot, GrowingTree, type Hash, hashOfLeaf } from "../merkle.ts";
import { SealLeaf } from "../seal-leaf.ts";
import { entriesOf, splitBundle } from "../tiles.ts";
import { readEntry } from "./entry.ts";
import type { FactName } from "./findings.ts";

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** An earlier copy of a bundle or a tile, from when it was not as full. */
const Older = z.object({
  path: z.string(),
  holds: z.enum(["entries", "hashes"]),
  width: z.int(),
  bytes: Bytes,
});

export const BundleJob = z.object({
  /** How many entries there must be. */
  width: z.int(),
  entries: Bytes.optional(),
  tile: Bytes.optional(),
  older: z.array(Older),
});
export type BundleJob = z.infer<typeof BundleJob>;

/** What was done to the entry at a position, or to its place. */
const Difference = z.object({
  at: z.int(),
  what: z.enum(["altered", "deleted", "inserted", "moved"]),
});
export type Difference = z.infer<typeof Difference>;

/** Complete subtrees of the first leaves of a bundle, from left to right. */
const Nodes = z.object({
  byEntries: z.array(Bytes),
  /** Present if the tile says otherwise. */
  byTile: z.array(Bytes).optional(),
});
export type Nodes = z.infer<typeof Nodes>;

/** Positions count from the start of the bundle. */
export const BundleReport = z.object({
  /** Whether there is a bundle, and its entries are as many as expected and fill it. Else `byEntries` is by the tile. */
  isComplete: z.boolean(),
  nodes: Nodes,
  /** What the entries are that the tile does not lead to, if it has as many hashes as expected. */
  differences: z.array(Difference),
  /** With the subtrees of the leaves up to and with it. */
  seals: z.array(z.object({ at: z.int(), seal: SealLeaf, nodes: Nodes })),
  /** Milliseconds; NaN for what is no fact. */
  recordedAt: z.instanceof(Float64Array),
  /** Bytes of each entry. */
  lengths: z.instanceof(Uint16Array),
  /** Equal for facts of one source and id, and rarely for others; NaN for what is no fact. */
  keys: z.instanceof(Float64Array),
  faults: z.array(z.object({ at: z.int(), why: z.string() })),
  older: z.array(z.object({ path: z.string(), at: z.int().optional() })),
});
export type BundleReport = z.infer<typeof BundleReport>;

/** The complete subtrees of some leaves. */
function nodesOf(leaves: readonly Hash[]): Hash[] {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree.subtrees();
}

const HASH_BYTES = 32;

/** The hashes of a tile; undefined if it has not `width` of them. */
function hashesIn(tile: Uint8Array | undefined, width: number): Hash[] | undefined {
  if (tile?.length !== width * HASH_BYTES) return undefined;
  return Array.from({ length: width }, (_, n) =>
    Buffer.from(tile.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES)),
  );
}

export function checkBundle({ width, entries: bytes, tile, older }: BundleJob): BundleReport {
  const { entries, left } = splitBundle(bytes ?? Buffer.of());
  const hashes = entries.map(hashOfLeaf);
  const stored = hashesIn(tile, width);
  const isComplete = entries.length === width && left === 0;
  const isSame = isComplete && stored?.every((hash, n) => hash.equals(hashes[n] ?? emptyRoot())) !== false;
  const { seals, ...read } = parsedEntries(entries, hashes);
  const upTo = (length: number, byEntries: readonly Hash[]): Nodes => ({
    byEntries: [...byEntries],
    ...(isSame || stored === undefined ? {} : { byTile: nodesOf(stored.slice(0, length)) }),
  });
  return {
    ...read,
    isComplete,
    nodes: upTo(width, isComplete ? read.nodes : nodesOf(stored ?? [])),
    seals: seals.map(({ at, seal, nodes }) => ({ at, seal, nodes: upTo(at + 1, nodes) })),
    differences: isSame || stored === undefined ? [] : differencesOf(hashes, stored, left === 0),
    older: older.flatMap((one) => olderFault(one, entries, hashes)),
  };
}

function parsedEntries(entries: readonly Buffer[], hashes: readonly Hash[]) {
  const tree = new GrowingTree();
  const seals: { at: number; seal: SealLeaf; nodes: Hash[] }[] = [];
  const faults: BundleReport["faults"] = [];
  const recordedAt = new Float64Array(entries.length).fill(Number.NaN);
  const keys = new Float64Array(entries.length).fill(Number.NaN);
  for (const [at, entry] of entries.entries()) {
    tree.append(hashes[at] ?? hashOfLeaf(entry));
    const read = readEntry(entry);
    if (read.is === "seal") seals.push({ at, seal: read.seal, nodes: tree.subtrees() });
    else if (read.is === "fault") faults.push({ at, why: read.why });
    else {
      recordedAt[at] = read.recordedAtMs;
      keys[at] = keyOf(read.name);
    }
  }
  const lengths = Uint16Array.from(entries, ({ length }) => length);
  return { nodes: tree.subtrees(), seals, faults, recordedAt, lengths, keys };
}

/**
 * What was done to the entries, by the hashes that the tile has of them. An entry that the tile does not know stands for
 * one that is lost, if there are as many of these.
 * @param isWhole whether the lengths of all entries add up; else those after the first wrong one mean nothing
 */
function differencesOf(hashes: readonly Hash[], stored: readonly Hash[], isWhole: boolean): Difference[] {
  const [has, had] = [hashes.map(textOf), stored.map(textOf)];
  const positions = [...had.keys(), ...has.slice(had.length).map((_, n) => had.length + n)];
  const wrong = positions.filter((at) => has[at] !== had[at]);
  if (!isWhole) return wrong.slice(0, 1).map((at) => ({ at, what: "altered" }));
  const [known, present] = [new Set(had), new Set(has)];
  const foreign = [...has.keys()].filter((at) => !known.has(has[at] ?? ""));
  const lost = [...had.keys()].filter((at) => !present.has(had[at] ?? ""));
  if (foreign.length === lost.length && foreign.length > 0)
    return foreign.map((at) => ({ at, what: "altered" }));
  const found: Difference[] = [
    ...lost.map((at): Difference => ({ at, what: "deleted" })),
    ...foreign.map((at): Difference => ({ at, what: "inserted" })),
  ];
  return found.length > 0 ? found : wrong.map((at) => ({ at, what: "moved" }));
}

const textOf = (hash: Hash): string => hash.toString("hex");

/** Nothing, if an earlier copy is the beginning of what it became. */
function olderFault(
  { path, holds, width, bytes }: z.infer<typeof Older>,
  entries: readonly Buffer[],
  hashes: readonly Hash[],
): BundleReport["older"] {
  const copy = holds === "entries" ? entriesOf(bytes) : hashesIn(bytes, width);
  const now = holds === "entries" ? entries : hashes;
  if (copy?.length !== width) return [{ path }];
  const at = copy.findIndex((one, n) => now[n] === undefined || !one.equals(now[n]));
  return at === -1 ? [] : [{ path, at }];
}

/**
 * 53 bits of a fact's identity, to find candidates for duplicates in little memory; they are compared in full later.
 * Two multiplications by odd constants mix each character into 64 bits; it need not resist anybody.
 */
function keyOf({ source, id }: FactName): number {
  const text = `${source}\n${id}`;
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let n = 0; n < text.length; n++) {
    const unit = text.charCodeAt(n);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
    high ^= low >>> 15;
    low ^= high >>> 13;
  }
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
