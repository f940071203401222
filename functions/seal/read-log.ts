/** Reads a log: its tiles, entries and hashes, and the proofs made of them. */
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { LogFault, type LogStore } from "./log-store.ts";
import { type Hash, hashesOf, inclusionParts, type Node, type ProofPart } from "./merkle.ts";
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
async function readFile(log: LogStore, tile: Tile): Promise<Buffer> {
  const stored = (await log.get(pathOf(tile))) ?? (await log.get(pathOf({ ...tile, width: TILE_WIDTH })));
  if (stored !== undefined) return stored.bytes;
  throw new LogFault("altered", `${pathOf(tile)}: is missing; put it back from a copy of the log`);
}

const short = (tile: Tile): LogFault =>
  new LogFault("altered", `${pathOf(tile)}: does not hold ${tile.width}; put it back from a copy of the log`);

/** The hashes of a tile, as far as it is filled. */
export async function readTile(log: LogStore, tile: Tile): Promise<Buffer> {
  const hashes = (await readFile(log, tile)).subarray(0, tile.width * HASH_BYTES);
  if (hashes.length === tile.width * HASH_BYTES) return hashes;
  throw short(tile);
}

/** The entries of a bundle, as far as it is filled. */
export async function readEntries(log: LogStore, tile: Tile): Promise<Buffer[]> {
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

/** The hashes of complete subtrees in a log of this size. Each tile is read once. */
export async function readHashes(log: LogStore, nodes: readonly Node[], size: number): Promise<Hash[]> {
  const tiles = new Map<string, Promise<Buffer>>();
  const bytesOf = (tile: Tile): Promise<Buffer> => {
    const path = pathOf(tile);
    const reading = tiles.get(path) ?? readTile(log, tile);
    tiles.set(path, reading);
    return reading;
  };
  return Promise.all(nodes.map(async (node) => hashIn(await bytesOf(tileWith(node, size)), node)));
}

async function readProofHashes(log: LogStore, parts: readonly ProofPart[], size: number): Promise<Hash[]> {
  const nodes = parts.flat();
  const hashes = await readHashes(log, nodes, size);
  const known = new Map(nodes.map((node, n) => [`${node.level}/${node.index}`, hashes[n]]));
  return hashesOf(parts, ({ level, index }) => known.get(`${level}/${index}`) ?? Buffer.alloc(0));
}

/** The hashes that prove that entry `index` is in the log of this size. */
export const inclusionProof = (log: LogStore, index: number, size: number): Promise<Hash[]> =>
  readProofHashes(log, inclusionParts(index, size), size);
