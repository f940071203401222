/** Reads a log: its tiles, entries and hashes, and the proofs made of them. */
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { LogFault, type LogStore, type ReadableLog } from "./log-store.ts";
import { type Hash, hashesOf, inclusionParts, type Node } from "./merkle.ts";
import type { VerifierKey } from "./note.ts";
import { entriesOf, HASH_BYTES, hashIn, pathOf, TILE_WIDTH, type Tile, tileWith } from "./tiles.ts";

/** The newest published checkpoint: a copy of `checkpoints/<size>`. */
export const CHECKPOINT = "checkpoint";

/** The path of the public key, as a vkey and a newline. It is written with the first seal. */
export const KEY = "key";

/** The path of the checkpoint of one size. It is written once. */
export const checkpointPath = (size: number): string => `checkpoints/${size}`;

export interface Published extends Checkpoint {
  readonly note: string;
  readonly etag: string;
}

/** The published checkpoint; undefined where none is. Throws a LogFault if this key has not signed it. */
export async function readPublished(log: LogStore, key: VerifierKey): Promise<Published | undefined> {
  const stored = await log.get(CHECKPOINT);
  if (stored === undefined) return undefined;
  const note = stored.bytes.toString();
  const checkpoint = readCheckpoint(note, key);
  if (checkpoint === undefined)
    throw new LogFault(
      "altered",
      `${CHECKPOINT}: is not signed by the key of ${key.name}; use the key and the name with which the log was begun`,
    );
  return { ...checkpoint, note, etag: stored.etag };
}

/** A bundle, or a tile of hashes, as stored: from the full one where that has taken its place. */
async function readFile(log: ReadableLog, tile: Tile): Promise<Buffer> {
  const stored = (await log.get(pathOf(tile))) ?? (await log.get(pathOf({ ...tile, width: TILE_WIDTH })));
  if (stored !== undefined) return stored.bytes;
  throw new LogFault("altered", `${pathOf(tile)}: is missing; put it back from a copy of the log`);
}

const short = (tile: Tile): LogFault =>
  new LogFault("altered", `${pathOf(tile)}: does not hold ${tile.width}; put it back from a copy of the log`);

/** The hashes of a tile, as far as it is filled. */
export async function readTile(log: ReadableLog, tile: Tile): Promise<Buffer> {
  const hashes = (await readFile(log, tile)).subarray(0, tile.width * HASH_BYTES);
  if (hashes.length === tile.width * HASH_BYTES) return hashes;
  throw short(tile);
}

/** The entries of a bundle, as far as it is filled. */
export async function readEntries(log: ReadableLog, tile: Tile): Promise<Buffer[]> {
  const entries = entriesOf(await readFile(log, tile))?.slice(0, tile.width);
  if (entries?.length === tile.width) return entries;
  throw short(tile);
}

/** The bundle that holds an entry, in a log of this size. */
export function bundleWith(index: number, size: number): Tile {
  const bundle = Math.floor(index / TILE_WIDTH);
  return { level: "entries", index: bundle, width: Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH) };
}

/** The bundles of a log of this size, one after the other. @param from the index of the first entry of the first bundle */
export async function* allEntries(log: LogStore, size: number, from = 0): AsyncGenerator<readonly Buffer[]> {
  for (let index = from; index < size; index += TILE_WIDTH) yield readEntries(log, bundleWith(index, size));
}

/** How many tiles, and hashes of subtrees, are kept of those that were read: proofs of neighbours share most of them. */
const TILES_MAX = 256;
const HASHES_MAX = 65_536;

/** Reads each name once. It forgets everything when it holds too much. */
function keeping<T>(most: number): (name: string, read: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (name, read) => {
    const reading = kept.get(name) ?? read();
    if (kept.size >= most) kept.clear();
    kept.set(name, reading);
    return reading;
  };
}

/**
 * Makes proofs that entries are in the log of this size: the hashes from the leaf to the root, as `writeProof` takes them.
 * It keeps what it has read, so use one for each run.
 */
export function inclusionProofs(log: ReadableLog, size: number): (index: number) => Promise<Hash[]> {
  const tiles = keeping<Buffer>(TILES_MAX);
  const hashes = keeping<Hash>(HASHES_MAX);
  const nameOf = ({ level, index }: Node): string => `${level}/${index}`;
  const hashOf = (node: Node): Promise<Hash> =>
    hashes(nameOf(node), async () => {
      const tile = tileWith(node, size);
      return hashIn(await tiles(pathOf(tile), () => readTile(log, tile)), node);
    });
  return async (index) => {
    const parts = inclusionParts(index, size);
    const nodes = parts.flat();
    const read = await Promise.all(nodes.map(hashOf));
    const known = new Map(nodes.map((node, n) => [nameOf(node), read[n]]));
    return hashesOf(parts, (node) => known.get(nameOf(node)) ?? Buffer.alloc(0));
  };
}
