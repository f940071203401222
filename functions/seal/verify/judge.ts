/** Decides whether the entries or their tile are wrong if they disagree, and which fact is affected. */
import type { Hash } from "../merkle.ts";
import { hashIn, pathOf, splitBundle, TILE_WIDTH, tileWith } from "../tiles.ts";
import type { Difference } from "./bundle.ts";
import { nameOf } from "./entry.ts";
import type { LogFiles } from "./files.ts";
import type { FactName, Finding } from "./findings.ts";

/** A bundle that its tile does not lead to. */
export interface Disagreement {
  readonly bundle: number;
  /** The hash over a full bundle's entries. */
  readonly root: Hash | undefined;
  readonly differences: readonly Difference[];
}

/** The level of a full bundle in the tree. */
const BUNDLE_LEVEL = 8;

export const widthOf = (bundle: number, size: number): number =>
  Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);

/** Reads the facts of leaves by their numbers; keeps the newest bundle, for what is asked next is often near. */
export function namesIn(files: LogFiles, size: number): (index: number) => Promise<FactName | undefined> {
  let kept: { readonly bundle: number; readonly entries: readonly Buffer[] } | undefined;
  return async (index) => {
    const bundle = Math.floor(index / TILE_WIDTH);
    if (kept?.bundle !== bundle) {
      const path = pathOf({ level: "entries", index: bundle, width: widthOf(bundle, size) });
      kept = { bundle, entries: splitBundle((await files.read(path)) ?? Buffer.of()).entries };
    }
    const entry = kept.entries[index % TILE_WIDTH];
    return entry === undefined ? undefined : nameOf(entry);
  };
}

const DONE = {
  altered: "the entry was altered",
  inserted: "this entry does not belong here: it was added",
  moved: "this entry stands in another place than it did",
} as const;

/** @param isRootRight whether the entries of the whole log lead to the signed root */
export async function judged(
  { bundle, root, differences }: Disagreement,
  files: LogFiles,
  size: number,
  isRootRight: boolean,
): Promise<Finding[]> {
  const isTileWrong = isRootRight || (await isKnownAbove(files, bundle, root, size));
  const path = pathOf({ level: isTileWrong ? 0 : "entries", index: bundle, width: widthOf(bundle, size) });
  return differences.map(({ at, what }): Finding => {
    const index = bundle * TILE_WIDTH + at;
    if (isTileWrong)
      return { kind: "tile", path, index, message: "the tile has another hash than this entry" };
    // What stands in its place now is another fact, which is not to be named.
    if (what === "deleted") return { kind: "altered", path, message: `the entry of leaf ${index} is gone` };
    return { kind: "altered", path, index, message: DONE[what] };
  });
}

/** Whether the tile above has the hash of these entries. */
async function isKnownAbove(
  files: LogFiles,
  bundle: number,
  root: Hash | undefined,
  size: number,
): Promise<boolean> {
  const node = { level: BUNDLE_LEVEL, index: bundle };
  if (root === undefined || (bundle + 1) * TILE_WIDTH > size) return false;
  const tile = await files.read(pathOf(tileWith(node, size)));
  const isLongEnough = tile !== undefined && tile.length >= ((bundle % TILE_WIDTH) + 1) * 32;
  return isLongEnough && hashIn(tile, node).equals(root);
}
