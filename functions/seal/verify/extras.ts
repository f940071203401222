/** Finds files in a log's folder that do not belong to the log. */
import { TILE_WIDTH, type Tile, tileOf } from "../tiles.ts";
import { isIgnored, type LogFiles } from "./files.ts";
import type { Finding } from "./findings.ts";
import { isSizeName } from "./published.ts";

/** Whether the tile has no more than a tree of this size. */
function isWithin({ level, index, width }: Tile, size: number): boolean {
  const count = level === "entries" ? size : Math.floor(size / TILE_WIDTH ** level);
  return index * TILE_WIDTH + width <= count;
}

/** Whether the file has been checked as a part of a log of this size. */
function isPart(path: string, size: number): boolean {
  if (path === "checkpoint" || path === "key") return true;
  const [folder, name = "", ...rest] = path.split("/");
  if (folder === "checkpoints") return rest.length === 0 && isSizeName(name);
  if (folder === "anchors")
    return rest.length === 0 && name.endsWith(".tsr") && isSizeName(name.slice(0, -4));
  const tile = tileOf(path);
  return tile !== undefined && isWithin(tile, size);
}

/** The files of a folder and all below it, without those that are ignored. */
async function* filesIn(names: (folder: string) => Promise<string[]>, folder = ""): AsyncGenerator<string> {
  for (const name of await names(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isIgnored(path)) continue;
    if (path.endsWith("/")) yield* filesIn(names, path.slice(0, -1));
    else yield path;
  }
}

/** The size of the log after the seal that is on its way, if the sealer has begun one. */
async function stagedSize({ names }: LogFiles): Promise<number> {
  const staged = ((await names?.("staging")) ?? []).map((name) =>
    Number(/^(\d{1,15})-/.exec(name)?.[1] ?? 0),
  );
  return Math.max(0, ...staged);
}

/**
 * @param size of the checkpoint that was verified
 * @param grownTo the size of the checkpoint that lies there now: a log may grow while it is verified
 */
export async function extras(files: LogFiles, size: number, grownTo: number): Promise<Finding[]> {
  if (files.names === undefined) return [];
  const allowed = Math.max(size, grownTo, await stagedSize(files));
  const findings: Finding[] = [];
  for await (const path of filesIn(files.names))
    if (!isPart(path, allowed)) findings.push({ kind: "extra", path, message: whyExtra(path) });
  return findings;
}

const whyExtra = (path: string): string =>
  tileOf(path) === undefined
    ? "does not belong to a log: remove it if it is yours"
    : "lies beyond the checkpoint: an older checkpoint was put back, or it was added";
