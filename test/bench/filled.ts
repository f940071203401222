/** Histories that are kept for the next run if asked: in engines, and in the ledger's own file. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { sha256 } from "../../functions/ledger/canonical.ts";
import type { Statement } from "../../schemas/fact.ts";
import { type RemoteEngine, startRemoteEngine } from "./engine.ts";
import { fillEngine, fillFolder } from "./fill.ts";
import { type Extent, quarter } from "./history.ts";

/** What decides which items a history is: with another one of these, a kept history is made anew. */
const MADE_BY = [
  "history.ts",
  ...["ledger/access-patterns.ts", "adapters/keys.ts", "adapters/sqlite/schema.ts"].map(
    (file) => `../../functions/${file}`,
  ),
];
const madeBy = (): string =>
  sha256(MADE_BY.map((file) => readFileSync(join(import.meta.dirname, file), "utf8")).join());

const Marker = z.object({ facts: z.int(), madeBy: z.string() });

/** How many facts a folder holds of this very history; undefined: none. */
function factsIn(folder: string): number | undefined {
  const marker = join(folder, MARKER);
  if (!existsSync(marker)) return undefined;
  const made = Marker.parse(JSON.parse(readFileSync(marker, "utf8")));
  return made.madeBy === madeBy() ? made.facts : undefined;
}
const MARKER = "filled.json";

export interface Filled {
  readonly engine: RemoteEngine;
  readonly facts: number;
}

type Fill = (statements: Iterable<Statement>, progress: (count: number) => void) => Promise<number>;

/** Fills a folder with a history, unless it holds this very one. Returns how many facts it holds. */
async function kept(
  folder: string,
  extent: Extent,
  progress: (text: string) => void,
  fill: Fill,
): Promise<number> {
  const found = factsIn(folder);
  if (found !== undefined) return found;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const start = performance.now();
  const facts = await fill(quarter(extent), (count) => {
    const perSecond = Math.round(count / ((performance.now() - start) / 1000));
    progress(`filled ${count.toLocaleString("en")} facts, ${perSecond} a second`);
  });
  writeFileSync(join(folder, MARKER), JSON.stringify({ facts, madeBy: madeBy() }));
  return facts;
}

/** Starts an engine on a folder that holds a history. */
export async function filled(
  folder: string,
  extent: Extent,
  progress: (text: string) => void,
): Promise<Filled> {
  const start = () => startRemoteEngine(join(folder, "engine"));
  const facts = await kept(folder, extent, progress, async (statements, count) => {
    const engine = await start();
    const filling = fillEngine(engine, statements, count);
    return filling.finally(engine.stop);
  });
  return { engine: await start(), facts };
}

/** Fills a folder with the ledger's own file. Returns how many facts it holds. */
export const filledFolder = (
  folder: string,
  extent: Extent,
  progress: (text: string) => void,
): Promise<number> =>
  kept(folder, extent, progress, (statements, count) => fillFolder(folder, statements, count));
