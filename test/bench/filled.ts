/** Engines with histories in them: a short one and a long one of the same services, kept for the next run if asked. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { type RemoteEngine, startRemoteEngine } from "./engine.ts";
import { fill } from "./fill.ts";
import { type Extent, quarter } from "./history.ts";

/** What decides which items a history is: with another one of these, a kept history is made anew. */
const MADE_BY = ["history.ts", "../../functions/ledger/postings.ts", "../../functions/store/keys.ts"];
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

/** Starts an engine on a folder that holds a history, and fills it where it does not yet. */
export async function filled(
  folder: string,
  extent: Extent,
  progress: (text: string) => void,
): Promise<Filled> {
  const found = factsIn(folder);
  if (found === undefined) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const engine = await startRemoteEngine(join(folder, "engine"));
  if (found !== undefined) return { engine, facts: found };
  const start = performance.now();
  const facts = await fill(engine, quarter(extent), (count) => {
    const perSecond = Math.round(count / ((performance.now() - start) / 1000));
    progress(`filled ${count.toLocaleString("en")} facts, ${perSecond} a second`);
  });
  writeFileSync(join(folder, MARKER), JSON.stringify({ facts, madeBy: madeBy() }));
  return { engine, facts };
}
