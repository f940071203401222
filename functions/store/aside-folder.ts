/** Keeps aside in a folder: one file for each event, named after its content, so that a redelivery adds none. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Aside, AsideItem } from "../ledger/aside.ts";
import { sha256 } from "../ledger/canonical.ts";

const NEWEST = 20;

const Kept = z.object({
  at: z.string(),
  why: z.enum(["conflict", "rejected", "malformed"]),
  reason: z.string(),
  door: z.string(),
});

export function folderAside(folder: string): Aside {
  const files = async (): Promise<string[]> => {
    await mkdir(folder, { recursive: true });
    return (await readdir(folder)).filter((file) => file.endsWith(".json"));
  };
  return {
    keep: async (item: AsideItem) => {
      const name = `${item.why}-${sha256(JSON.stringify([item.door, item.why, item.event])).slice(0, 32)}.json`;
      await mkdir(folder, { recursive: true });
      if (existsSync(join(folder, name))) return;
      // Renamed into place, so that whoever reads the folder never sees half a file.
      const partial = join(folder, `${randomUUID()}.partial`);
      await writeFile(partial, `${JSON.stringify(item, null, 2)}\n`, { mode: 0o600, flush: true });
      await rename(partial, join(folder, name));
    },

    list: async () => {
      const names = await files();
      const dated = await Promise.all(
        names.map(async (file) => ({ file, ms: (await stat(join(folder, file))).mtimeMs })),
      );
      const newest = dated.sort((a, b) => b.ms - a.ms).slice(0, NEWEST);
      const kept = newest.map(async ({ file }) => ({
        ...Kept.parse(JSON.parse(await readFile(join(folder, file), "utf8"))),
        file,
      }));
      return { where: folder, count: names.length, newest: await Promise.all(kept) };
    },
  };
}
