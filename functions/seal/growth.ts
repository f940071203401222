/** Grows a log: computes the tiles and bundles of its next size from its open tiles and the new entries. */
import { LogFault, type LogStore } from "./log-store.ts";
import { GrowingTree, type Hash, hashOfLeaf } from "./merkle.ts";
import { readEntries, readTile } from "./read-log.ts";
import {
  bundleOf,
  edgeOf,
  HASH_BYTES,
  hashIn,
  openTiles,
  pathOf,
  TILE_HEIGHT,
  TILE_WIDTH,
  type Tile,
  tilesBetween,
} from "./tiles.ts";

interface Tree {
  readonly size: number;
  readonly root: Hash;
}

export interface Grown extends Tree {
  /** The new tiles and bundles by path. The longest file has all bytes of 256 entries. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** The parts of the log that it grows on: by level, its last tile as far as it is filled. */
interface Edge {
  readonly entries: readonly Buffer[];
  readonly tiles: ReadonlyMap<Tile["level"], Buffer>;
}

const altered = (what: string): LogFault =>
  new LogFault(
    "altered",
    `${what} is not what was sealed; nothing more is sealed until it is put back: check the log with \`asof verify\``,
  );

async function readEdge(log: LogStore, size: number): Promise<Edge> {
  const open = openTiles(size);
  const bundle = open.find(({ level }) => level === "entries");
  const [entries, tiles] = await Promise.all([
    bundle === undefined ? [] : readEntries(log, bundle),
    Promise.all(
      open
        .filter(({ level }) => level !== "entries")
        .map(async (tile) => [tile.level, await readTile(log, tile)] as const),
    ),
  ]);
  return { entries, tiles: new Map(tiles) };
}

/** The hash of an entry stands in a tile, too: if they differ, one of them was altered. */
function checkEntries({ entries, tiles }: Edge, size: number): void {
  const hashes = Buffer.concat(entries.map(hashOfLeaf));
  if (hashes.equals((tiles.get(0) ?? Buffer.alloc(0)).subarray(0, hashes.length))) return;
  throw altered(`the bundle of entries before ${size}`);
}

/** The tree of the edge; `heard` gets each hash that a tile has to hold, with the level of the tile. */
function continued(edge: Edge, from: Tree, heard: (level: number, hash: Hash) => void): GrowingTree {
  const hashes = edgeOf(from.size).map(({ node, tile }) =>
    hashIn(edge.tiles.get(tile.level) ?? Buffer.alloc(0), node),
  );
  const tree = new GrowingTree(from.size, hashes, ({ level }, hash) => {
    if (level % TILE_HEIGHT === 0) heard(level / TILE_HEIGHT, hash);
  });
  if (tree.root().equals(from.root)) return tree;
  throw altered(`a tile at the edge of size ${from.size}`);
}

/** The files of the log after `entries` are appended to it. Throws a LogFault if the log at hand is not `from`. */
export async function grown(log: LogStore, from: Tree, entries: readonly Buffer[]): Promise<Grown> {
  const edge = await readEdge(log, from.size);
  checkEntries(edge, from.size);
  const levels = new Map<Tile["level"], Buffer[]>([...edge.tiles].map(([level, bytes]) => [level, [bytes]]));
  const tree = continued(edge, from, (level, hash) => {
    const hashes = levels.get(level) ?? [];
    hashes.push(hash);
    levels.set(level, hashes);
  });
  for (const entry of entries) tree.append(hashOfLeaf(entry));
  const bundled = [...edge.entries, ...entries];
  const tiles = new Map([...levels].map(([level, hashes]) => [level, Buffer.concat(hashes)]));
  const bytesOf = ({ level, index, width }: Tile): Buffer => {
    const count = Math.floor(from.size / TILE_WIDTH ** (level === "entries" ? 0 : level));
    const start = (index - Math.floor(count / TILE_WIDTH)) * TILE_WIDTH;
    if (level === "entries") return bundleOf(bundled.slice(start, start + width));
    return (tiles.get(level) ?? Buffer.alloc(0)).subarray(start * HASH_BYTES, (start + width) * HASH_BYTES);
  };
  const files = tilesBetween(from.size, tree.size).map((tile) => [pathOf(tile), bytesOf(tile)] as const);
  return { size: tree.size, root: tree.root(), files: new Map(files) };
}
