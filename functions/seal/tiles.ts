/**
 * How the log lies in a folder or a bucket: `c2sp.org/tlog-tiles` v0.1.0. A tile holds up to 256 hashes of one level of
 * the tree (every eighth level); a bundle holds up to 256 entries. A file's path says how much it holds, so it never changes.
 */
import { GrowingTree, type Hash, type Node, subtreesOf } from "./merkle.ts";

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;

/** Levels of the tree from one level of tiles to the next. */
export const TILE_HEIGHT = 8;

export const HASH_BYTES = 32;

/** In bytes; the length of an entry is written in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535;

/** A tile of hashes (by level) or a bundle of entries, as far as it is filled: `width` from 1 to 256. */
export interface Tile {
  readonly level: number | "entries";
  readonly index: number;
  readonly width: number;
}

/** The path of a tile: `tile/1/x001/x234/067`, and `tile/0/000.p/5` while it is not full. */
export function pathOf({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/\d{3}/g) ?? [];
  const name = groups.map((group, n) => (n < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${name}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|0|[1-9]|[1-5]\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The tile of a path; undefined if it is none, or is not written as `pathOf` writes it. */
export function tileOf(path: string): Tile | undefined {
  const [, level = "", name = "", width] = PATH.exec(path) ?? [];
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(name.replaceAll(/[x/]/g, "")),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  return name !== "" && pathOf(tile) === path ? tile : undefined;
}

/** The tiles of one level that hold positions `from` to `to`, exclusive, filled as far as `to`. */
function filled(level: Tile["level"], from: number, to: number): Tile[] {
  const first = Math.floor(from / TILE_WIDTH);
  return Array.from({ length: Math.max(0, Math.ceil(to / TILE_WIDTH) - first) }, (_, n) => ({
    level,
    index: first + n,
    width: Math.min(TILE_WIDTH, to - (first + n) * TILE_WIDTH),
  })).filter(({ width }) => width > 0);
}

/** How many complete subtrees of a level of tiles a tree of this size has. */
const countAt = (level: number, size: number): number => Math.floor(size / 2 ** (level * TILE_HEIGHT));

/** The tiles and bundles that a tree gets when it grows from `from` to `to` leaves. */
export function tilesBetween(from: number, to: number): Tile[] {
  const tiles = from < to ? filled("entries", from, to) : [];
  for (let level = 0; countAt(level, to) > 0; level++) {
    const [before, after] = [countAt(level, from), countAt(level, to)];
    if (before < after) tiles.push(...filled(level, before, after));
  }
  return tiles;
}

/** The tiles that a tree of this size has not filled, at most one of each level: it grows there. */
export function openTiles(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; countAt(level, size) > 0; level++) {
    const count = countAt(level, size);
    const open = { index: Math.floor(count / TILE_WIDTH), width: count % TILE_WIDTH };
    if (open.width > 0)
      tiles.push({ level, ...open }, ...(level === 0 ? [{ level: "entries" as const, ...open }] : []));
  }
  return tiles;
}

/** The tile that holds the hash of a complete subtree, and at the size of the tree how far that tile is filled. */
export function tileWith({ level, index }: Node, size: number): Tile {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const position = index * 2 ** (level - tileLevel * TILE_HEIGHT);
  const tile = Math.floor(position / TILE_WIDTH);
  return {
    level: tileLevel,
    index: tile,
    width: Math.min(TILE_WIDTH, countAt(tileLevel, size) - tile * TILE_WIDTH),
  };
}

/** The hash of a complete subtree, from the tile that `tileWith` names. */
export function hashIn(tile: Uint8Array, { level, index }: Node): Hash {
  const width = 2 ** (level % TILE_HEIGHT);
  const start = (index * width) % TILE_WIDTH;
  const tree = new GrowingTree();
  for (let n = start; n < start + width; n++) {
    const hash = Buffer.from(tile.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES));
    if (hash.length !== HASH_BYTES) throw new Error(`a tile ends before hash ${n}`);
    tree.append(hash);
  }
  return tree.root();
}

/** The complete subtrees of a tree of this size, with the tile that holds each. */
export const edgeOf = (size: number): { node: Node; tile: Tile }[] =>
  subtreesOf(size).map((node) => ({ node, tile: tileWith(node, size) }));

/** Entries as a bundle: each with its length before it, in 16 bits, big-endian. */
export function bundleOf(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_BYTES)
        throw new RangeError(`an entry has ${entry.length} bytes; at most ${MAX_ENTRY_BYTES} fit`);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The entries of a bundle, as far as its lengths add up, and the bytes that are left then. */
export function splitBundle(bundle: Uint8Array): { readonly entries: Buffer[]; readonly left: number } {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { entries, left: bytes.length - at };
}

/** The entries of a bundle; undefined if its lengths do not add up. */
export function entriesOf(bundle: Uint8Array): Buffer[] | undefined {
  const { entries, left } = splitBundle(bundle);
  return left === 0 ? entries : undefined;
}
