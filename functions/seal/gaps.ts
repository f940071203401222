/** Times in which nothing was sealed, read from the log's seals. */
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { ReadableLog } from "./log-store.ts";
import { bundleWith, CHECKPOINT, readEntries } from "./read-log.ts";
import { readSeal } from "./seal-leaf.ts";
import { TILE_WIDTH } from "./tiles.ts";

/** An idle log is sealed once an hour; more than five minutes beyond it nothing was sealed. */
export const USUAL_GAP_MS = 65 * 60_000;

/** A million facts. Who asks about more of them verifies the log. */
const MOST_BUNDLES = 4096;

export interface SealingGaps {
  /** The time of the log's first seal, if it is later than `from`; null: nothing was sealed by `until`. Else absent. */
  readonly since?: string | null;
  /** From when on the log was read: later than `from` where it holds more than is read for one answer. */
  readonly checkedFrom: string;
  /** From one seal to the next, or to `until`: oldest first, with the times of the seals. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
}

/** The times of the seals up to `until`, ascending, from the last one that is not later than `from` on. */
async function sealTimes(log: ReadableLog, size: number, from: string, until: string) {
  const newestFirst: string[] = [];
  const bundles = Math.ceil(size / TILE_WIDTH);
  const last = Math.max(0, bundles - MOST_BUNDLES);
  for (let end = bundles; end > last && !newestFirst.some((time) => time <= from); end -= AT_ONCE) {
    const start = Math.max(last, end - AT_ONCE);
    const some = Array.from({ length: end - start }, (_, n) => bundleWith((start + n) * TILE_WIDTH, size));
    const entries = (await mapLimit(AT_ONCE, some, (bundle) => readEntries(log, bundle))).flat();
    newestFirst.push(...entries.flatMap((entry) => readSeal(entry)?.sealedAt ?? []).reverse());
  }
  const ascending = newestFirst.reverse();
  const begin = Math.max(
    0,
    ascending.findLastIndex((time) => time <= from),
  );
  const isWhole = last === 0 || (ascending[0] ?? from) <= from;
  return { times: ascending.slice(begin).filter((time) => time <= until), isWhole };
}

/**
 * The times of a period in which nothing was sealed for longer than usual. Cost: a request for each 256 entries since `from`.
 * @param until the end of the period, or of what is known of it
 */
export async function sealingGaps(log: ReadableLog, from: string, until: string): Promise<SealingGaps> {
  const size = Number((await log.get(CHECKPOINT))?.bytes.toString().split("\n")[1] ?? 0);
  const { times, isWhole } = await sealTimes(log, size, from, until);
  const [first = null] = times;
  const isLong = (one: { from: string; to: string }): boolean =>
    Date.parse(one.to) - Date.parse(one.from) > USUAL_GAP_MS;
  const gaps = times.map((time, n) => ({ from: time, to: times[n + 1] ?? until })).filter(isLong);
  const isLater = first === null || first > from;
  if (isWhole) return { ...(isLater ? { since: first } : {}), checkedFrom: from, gaps };
  return { checkedFrom: first ?? until, gaps };
}
