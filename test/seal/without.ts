/** The sealer without one of its rules, which is switched off through its ports. */
import { signCheckpoint } from "../../functions/seal/checkpoint.ts";
import { grown } from "../../functions/seal/growth.ts";
import { readHead } from "../../functions/seal/head.ts";
import type { LogStore } from "../../functions/seal/log-store.ts";
import { readSeal } from "../../functions/seal/seal-leaf.ts";
import type { Sealing } from "../../functions/seal/sealer.ts";
import { entriesOf } from "../../functions/seal/tiles.ts";
import type { Change, World } from "./world.ts";

const later = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : new Date(Date.parse(time) + 15 * 60_000).toISOString();

/** Replaces a file whatever it holds. */
const replacing =
  (name: string) =>
  (sealing: Sealing, world: World): Sealing => ({
    ...sealing,
    log: {
      ...sealing.log,
      putIfAbsent: (path, bytes) =>
        path === name ? always(sealing.log, world, path, bytes) : sealing.log.putIfAbsent(path, bytes),
      putIfMatch: async (path, bytes, etag) =>
        path === name ? always(sealing.log, world, path, bytes) : sealing.log.putIfMatch(path, bytes, etag),
    },
  });

async function always(log: LogStore, world: World, path: string, bytes: Uint8Array): Promise<"written"> {
  const etag = (await world.log.get(path))?.etag;
  if (etag === undefined) await log.putIfAbsent(path, bytes);
  else await log.putIfMatch(path, bytes, etag);
  return "written";
}

/** Does something when a seal is staged, which is before the head is replaced. */
const whenStaged =
  (work: (sealing: Sealing, bytes: Uint8Array) => Promise<void>) =>
  (sealing: Sealing): Sealing => ({
    ...sealing,
    log: {
      ...sealing.log,
      putIfAbsent: async (path, bytes) => {
        const outcome = await sealing.log.putIfAbsent(path, bytes);
        if (path.startsWith("staging/")) await work(sealing, bytes);
        return outcome;
      },
    },
  });

async function treeOf({ log }: Sealing, staged: Uint8Array) {
  const entries = entriesOf(staged) ?? [];
  const previous = readSeal(entries.at(-1) ?? Buffer.alloc(0))?.previous;
  if (previous === undefined) throw new Error("a staged bundle ends with its seal");
  return grown(log, { size: previous.size, root: Buffer.from(previous.root, "hex") }, entries);
}

const renamed = (path: string): string => path.replace(/^(staging\/\d+)-.*$/, "$1");

/** By the rule that is missing. */
export const WITHOUT: Readonly<Record<string, Change>> = {
  "the overlap and the sweep": {
    isUnswept: true,
    of: (sealing) => ({
      ...sealing,
      store: {
        ...sealing.store,
        queryRecorded: (partition, range) => {
          const from = later(range.from);
          return sealing.store.queryRecorded(partition, {
            ...range,
            ...(from === undefined ? {} : { from }),
          });
        },
      },
    }),
  },
  "the sweep": { isUnswept: true },
  "the compare-and-swap of the head": { of: replacing("head") },
  "the head before the signature": {
    of: whenStaged(async (sealing, bytes) => {
      await signCheckpoint(await treeOf(sealing, bytes), sealing.signer);
    }),
  },
  "the head before the tiles": {
    of: whenStaged(async (sealing, bytes) => {
      const { files } = await treeOf(sealing, bytes);
      for (const [path, file] of files) await sealing.log.putIfAbsent(path, file);
    }),
  },
  recovery: {
    // The checkpoint claims to be that of the head, so that nothing looks unfinished.
    of: (sealing, world) => ({
      ...sealing,
      log: {
        ...sealing.log,
        get: async (path) => {
          const stored = await sealing.log.get(path);
          const { head } = await readHead(world.log);
          if (path !== "checkpoint" || stored === undefined || head === undefined) return stored;
          const tree = { size: head.size, root: Buffer.from(head.root, "hex") };
          return { ...stored, bytes: Buffer.from(await signCheckpoint(tree, world.signer)) };
        },
      },
    }),
  },
  "the condition on publishing": { of: replacing("checkpoint") },
  "the root in the name of what is staged": {
    of: (sealing) => ({
      ...sealing,
      log: {
        ...sealing.log,
        get: (path) => sealing.log.get(renamed(path)),
        putIfAbsent: async (path, bytes) => {
          const outcome = await sealing.log.putIfAbsent(renamed(path), bytes);
          return path === renamed(path) ? outcome : "written";
        },
      },
    }),
  },
};
