/** The files of a log at one of its sizes, for copies of it. Head, staging and positions are made anew: see `restore.ts`. */
import { anchorPath } from "./anchor.ts";
import { LogFault, type LogStore } from "./log-store.ts";
import { CHECKPOINT, checkpointPath, KEY, readEntries, readTile } from "./read-log.ts";
import { bundleOf, pathOf, TILE_WIDTH, type Tile, tileOf, tilesBetween } from "./tiles.ts";

export interface LogFile {
  readonly path: string;
  readonly bytes: Buffer;
}

const SIZE = "[1-9]\\d{0,15}";
const OTHER_PATH = new RegExp(`^(${CHECKPOINT}|${KEY}|checkpoints/${SIZE}|anchors/${SIZE}\\.tsr)$`);

/** Whether a path is one of a log's files that copies carry. */
export const isCarried = (path: string): boolean => tileOf(path) !== undefined || OTHER_PATH.test(path);

/** A tile as far as it was filled; undefined where it is missing or broken, so that a copy can be made all the same. */
export async function tileBytes(log: LogStore, tile: Tile): Promise<Buffer | undefined> {
  if (tile.width === TILE_WIDTH) return (await log.get(pathOf(tile)))?.bytes;
  try {
    if (tile.level === "entries") return bundleOf(await readEntries(log, tile));
    return await readTile(log, tile);
  } catch (error) {
    if (error instanceof LogFault) return undefined;
    throw error;
  }
}

/**
 * Tiles and entries of a log as they were at a size, however much it has grown since; the key, the checkpoint of that size
 * as the published one, and the checkpoints of other sizes with their time-stamps.
 */
export async function* carriedFiles(
  log: LogStore,
  size: number,
  stamped: readonly number[],
): AsyncGenerator<LogFile> {
  for (const tile of tilesBetween(0, size)) {
    const bytes = await tileBytes(log, tile);
    if (bytes !== undefined) yield { path: pathOf(tile), bytes };
  }
  const others = stamped.filter((one) => one <= size);
  const paths = [
    KEY,
    checkpointPath(size),
    ...others.flatMap((one) => [checkpointPath(one), anchorPath(one)]),
  ];
  for (const path of new Set(paths)) {
    const stored = await log.get(path);
    if (stored === undefined) continue;
    yield { path, bytes: stored.bytes };
    if (path === checkpointPath(size)) yield { path: CHECKPOINT, bytes: stored.bytes };
  }
}
