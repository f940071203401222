/** Copies a ledger's sealed log into a folder. It skips files that are there, so a copy resumes where it broke off. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type * as z from "zod";
import { mapLimit } from "../../functions/ledger/map-limit.ts";
import { anchorPath } from "../../functions/seal/anchor.ts";
import { type Checkpoint, readCheckpoint } from "../../functions/seal/checkpoint.ts";
import { readKey } from "../../functions/seal/note.ts";
import { bundleWith, CHECKPOINT, checkpointPath, KEY } from "../../functions/seal/read-log.ts";
import {
  bundleOf,
  entriesOf,
  HASH_BYTES,
  pathOf,
  TILE_WIDTH,
  type Tile,
  tilesBetween,
} from "../../functions/seal/tiles.ts";
import type { LogFiles } from "../../functions/seal/verify/files.ts";
import type { Anchors } from "../../schemas/settings/anchors.ts";
import { CliError } from "../error.ts";
import { onDisk, writeInto } from "../file/disk.ts";
import { Refused } from "../ledger/client.ts";

/** Files that are asked for at once. */
const AT_ONCE = 8;

async function needed(files: LogFiles, path: string): Promise<Buffer> {
  const bytes = await files.read(path);
  if (bytes !== undefined) return bytes;
  throw new CliError(`the ledger's log has no ${path}: it is damaged, see asof verify`);
}

/** A tile, as far as the checkpoint reaches: one that has become full meanwhile is cut. */
async function tileOf(files: LogFiles, tile: Tile): Promise<Buffer> {
  const bytes = await files.read(pathOf(tile));
  if (bytes !== undefined) return bytes;
  const full = await needed(files, pathOf({ ...tile, width: TILE_WIDTH }));
  if (tile.level !== "entries") return full.subarray(0, tile.width * HASH_BYTES);
  return bundleOf((entriesOf(full) ?? []).slice(0, tile.width));
}

export interface SealedLog {
  /** The key as the log has it, which nobody has vouched for. */
  readonly vkey: string;
  readonly note: Buffer;
  readonly checkpoint: Checkpoint;
}

/**
 * What the ledger's log is now.
 * @throws a CliError where the ledger has no sealed log
 */
export async function sealedLogOf(files: LogFiles): Promise<SealedLog> {
  const [note, vkey] = await Promise.all([files.read(CHECKPOINT), files.read(KEY)]);
  if (note === undefined || vkey === undefined)
    throw new CliError("this ledger has no sealed log, or nothing is sealed yet: see docs/sealing.md");
  const key = readKey(vkey.toString().trim());
  const checkpoint = key && readCheckpoint(note.toString(), key);
  if (checkpoint === undefined) throw new CliError("the ledger's checkpoint is not signed by its own key");
  return { vkey: vkey.toString().trim(), note, checkpoint };
}

/** Whether the token may read the log's entries: one that is bound to a part of the ledger may read hashes alone. */
export async function mayReadEntries(files: LogFiles, { checkpoint: { size } }: SealedLog): Promise<boolean> {
  try {
    if (size > 0) await files.read(pathOf(bundleWith(0, size)));
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 403) return false;
    throw error;
  }
}

/** Copies those of the files that are not there yet. */
async function copyMissing(
  folder: string,
  wanted: readonly { readonly path: string; readonly read: () => Promise<Buffer> }[],
  progress: (files: number, of: number) => void,
): Promise<void> {
  let copied = 0;
  await mapLimit(AT_ONCE, wanted, async ({ path, read }) => {
    if (!existsSync(join(folder, path))) writeInto(join(folder, path), await read());
    progress(++copied, wanted.length);
  });
}

const tilesFrom = (files: LogFiles, tiles: readonly Tile[]) =>
  tiles.map((tile) => ({ path: pathOf(tile), read: () => tileOf(files, tile) }));

/** Copies the hashes alone of the log as it is at a checkpoint. */
export const copyHashes = (
  files: LogFiles,
  folder: string,
  { checkpoint: { size } }: SealedLog,
  progress: (files: number, of: number) => void,
): Promise<void> => {
  const hashes = tilesBetween(0, size).filter(({ level }) => level !== "entries");
  return copyMissing(folder, tilesFrom(files, hashes), progress);
};

/**
 * Copies the log as it is at a checkpoint, with the anchors up to there.
 * @param anchored the answer that lists them
 * @returns the sizes of the anchored checkpoints
 */
export async function copyLog(
  files: LogFiles,
  folder: string,
  { vkey, note, checkpoint: { size } }: SealedLog,
  anchored: z.infer<typeof Anchors>,
  progress: (files: number, of: number) => void,
): Promise<number[]> {
  const sizes = anchored.sizes.filter((one) => one <= size);
  const beside = sizes.flatMap((one) => [checkpointPath(one), anchorPath(one)]);
  const wanted = [
    ...tilesFrom(files, tilesBetween(0, size)),
    ...beside.map((path) => ({ path, read: () => needed(files, path) })),
  ];
  await copyMissing(folder, wanted, progress);
  writeInto(join(folder, checkpointPath(size)), note);
  writeInto(join(folder, KEY), `${vkey}\n`);
  // Last: it says that the rest is there.
  writeInto(join(folder, CHECKPOINT), note);
  return sizes;
}

/** Where the given leaf hashes (in base64) stand in a copied log; those that do not stand in it are left out. */
export function indexesIn(
  folder: string,
  size: number,
  wanted: { readonly has: (hash: string) => boolean },
): Map<string, number> {
  const found = new Map<string, number>();
  for (let first = 0; first < size; first += TILE_WIDTH) {
    const tile = pathOf({ ...bundleWith(first, size), level: 0 });
    const hashes = onDisk(join(folder, tile), () => readFileSync(join(folder, tile)));
    for (let at = 0; at < hashes.length; at += HASH_BYTES) {
      const hash = hashes.toString("base64", at, at + HASH_BYTES);
      if (wanted.has(hash)) found.set(hash, first + at / HASH_BYTES);
    }
  }
  return found;
}
