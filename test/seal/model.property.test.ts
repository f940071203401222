/**
 * The real sealer in a world that crashes, lags and lies, against a plain list of what was acknowledged; and what happens
 * to it when one of its rules is switched off.
 */
import { describe, expect, it } from "vitest";
import { RUNS } from "../runs.ts";
import { WITHOUT } from "./without.ts";
import { type Change, historyOf } from "./world.ts";

const SEED = Number(process.env.ASOF_SEED);

/** What is wrong at the end of `count` histories, of the first ones that went wrong. */
async function badHistories(count: number, most: number, change?: Change): Promise<string[]> {
  const bad: string[] = [];
  for (let seed = SEED; seed < SEED + count && bad.length < most; seed++) {
    const [first] = await historyOf(seed, change);
    if (first !== undefined) bad.push(`seed ${seed}: ${first}`);
  }
  return bad;
}

describe("sealers that crash, in a world that lags and lies", () => {
  it("leave every acknowledged fact in the log once, and no two logs", async () => {
    expect(await badHistories(RUNS, 3)).toEqual([]);
  });

  it.each(Object.entries(WITHOUT))("do not manage without %s", async (_, change) => {
    // However few cases are tried: the rarest needs about thirty histories to show.
    expect(await badHistories(300, 1, change)).toHaveLength(1);
  });
});
