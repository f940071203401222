/** Times in which nothing was sealed, as the audit report has them. */
import { describe, expect, it } from "vitest";
import { sealingGaps } from "../../functions/seal/gaps.ts";
import { sealedLedger, timeAfter } from "./given.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A log whose seals are these many milliseconds after the start, each over so many facts. */
async function sealedAt(times: readonly number[], facts = 1) {
  const ledger = sealedLedger();
  const start = ledger.clock.time;
  for (const time of times) {
    ledger.clock.time = start + time;
    ledger.record(facts);
    await ledger.sealAll();
  }
  return ledger.log;
}

describe("gaps in sealing", () => {
  it("are the times from one seal to the next that are longer than an hour and five minutes", async () => {
    const log = await sealedAt([0, HOUR, 2 * HOUR + 6 * MINUTE, 3 * HOUR]);
    expect(await sealingGaps(log, timeAfter(MINUTE), timeAfter(4 * HOUR))).toEqual({
      checkedFrom: timeAfter(MINUTE),
      gaps: [{ from: timeAfter(HOUR), to: timeAfter(2 * HOUR + 6 * MINUTE) }],
    });
  });

  it("begin with the seal before the period, and end with the period or what is known of it", async () => {
    const log = await sealedAt([0, 3 * HOUR, 9 * HOUR]);
    expect((await sealingGaps(log, timeAfter(2 * HOUR), timeAfter(5 * HOUR))).gaps).toEqual([
      { from: timeAfter(0), to: timeAfter(3 * HOUR) },
      { from: timeAfter(3 * HOUR), to: timeAfter(5 * HOUR) },
    ]);
  });

  it("are not known before the first seal, which is named", async () => {
    const log = await sealedAt([5 * HOUR]);
    const since = timeAfter(5 * HOUR);
    expect(await sealingGaps(log, timeAfter(0), timeAfter(6 * HOUR))).toMatchObject({ since, gaps: [] });
    const nothing = { since: null, gaps: [] };
    expect(await sealingGaps(log, timeAfter(0), timeAfter(HOUR))).toMatchObject(nothing);
    expect(await sealingGaps(sealedLedger().log, timeAfter(0), timeAfter(HOUR))).toMatchObject(nothing);
  });

  it("are read from the bundles since the period began, and no others", async () => {
    const log = await sealedAt(
      Array.from({ length: 12 }, (_, n) => n * HOUR),
      500,
    );
    const read: string[] = [];
    const counted = {
      get: (path: string) => {
        read.push(path);
        return log.get(path);
      },
    };
    const { gaps } = await sealingGaps(counted, timeAfter(10 * HOUR + MINUTE), timeAfter(11 * HOUR));
    expect(gaps).toEqual([]);
    // The checkpoint, and bundles of 256 entries in groups: 6,012 entries are 24 bundles.
    expect(read.length).toBeLessThan(20);
  });
});
