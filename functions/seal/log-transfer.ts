/** Copies a log to another place, where another key may continue it. */
import type { Store } from "../ledger/store.ts";
import { carriedFiles, tileBytes } from "./log-files.ts";
import { LogFault, type LogStore, putSame } from "./log-store.ts";
import type { VerifierKey } from "./note.ts";
import { bundleWith, CHECKPOINT, readEntries, readPublished } from "./read-log.ts";
import { type Restored, restoreTo } from "./restore.ts";
import { readSeal } from "./seal-leaf.ts";
import { openTiles, pathOf, tileOf } from "./tiles.ts";

/** The newest seal is finished once more in the target: it needs the tiles that the log had before it. */
async function carryEdge(from: LogStore, to: LogStore, size: number): Promise<void> {
  const last = readSeal((await readEntries(from, bundleWith(size - 1, size))).at(-1) ?? Buffer.alloc(0));
  for (const tile of openTiles(last?.previous.size ?? 0)) {
    const bytes = await tileBytes(from, tile);
    if (bytes !== undefined) await putSame(to, pathOf(tile), bytes);
  }
}

/**
 * Copies the tree of a log, and puts back what the ledger of the target lacks of its facts. The target's own sealer then
 * signs that tree, as it finishes a seal that another one began. The same call again goes on.
 * @param key of the source
 * @returns undefined where the source has no log
 * @throws LogFault where the target has a log of its own, or the source is not what was signed
 */
export async function carryLog(
  from: LogStore,
  to: LogStore,
  key: VerifierKey,
  store: Store,
): Promise<Restored | undefined> {
  const published = await readPublished(from, key);
  if (published === undefined) return undefined;
  if ((await to.get(CHECKPOINT)) !== undefined)
    throw new LogFault(
      "altered",
      "the target has a sealed log of its own: copy into a ledger that has sealed nothing yet",
    );
  for await (const { path, bytes } of carriedFiles(from, published.size, []))
    if (tileOf(path) !== undefined) await putSame(to, path, bytes);
  await carryEdge(from, to, published.size);
  return restoreTo(store, to, published);
}
