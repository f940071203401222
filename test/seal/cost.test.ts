/** What sealing costs where each write is paid for, and kept: puts and bytes of a day. */
import { describe, expect, it } from "vitest";
import { sealedLedger } from "./given.ts";

const MINUTE = 60_000;
const PER_DAY = 24 * 60;

/** As many seals as fill two bundles: what a seal writes depends on how far the last one is filled. */
const SEALS = 256;

/** Writes of seals with so many facts each, on average of one seal. */
async function costOf(facts: number, everyMs: number) {
  const ledger = sealedLedger();
  const written = { puts: 0, bytes: 0 };
  const counted = (bytes: Uint8Array): void => {
    written.puts++;
    written.bytes += bytes.length;
  };
  const log = {
    ...ledger.log,
    putIfAbsent: (path: string, bytes: Uint8Array) => {
      counted(bytes);
      return ledger.log.putIfAbsent(path, bytes);
    },
    putIfMatch: (path: string, bytes: Uint8Array, etag: string) => {
      counted(bytes);
      return ledger.log.putIfMatch(path, bytes, etag);
    },
  };
  let entries = 0;
  for (let n = 0; n < SEALS; n++) {
    for (const fact of ledger.record(facts)) entries += Buffer.byteLength(JSON.stringify(fact));
    expect(await ledger.seal(undefined, { log })).toMatchObject({ is: "sealed", facts });
    ledger.clock.time += everyMs;
  }
  return { puts: written.puts / SEALS, bytes: written.bytes / SEALS, entry: entries / (SEALS * facts || 1) };
}

describe("sealing", () => {
  it("puts at most ten objects a seal: 14,400 a day where there is a fact each minute, 240 where there is none", async () => {
    expect((await costOf(1, MINUTE)).puts * PER_DAY).toBeLessThanOrEqual(10 * PER_DAY);
    expect((await costOf(0, 60 * MINUTE)).puts * 24).toBeLessThanOrEqual(240);
  });

  it("keeps of partial files at most half a bundle and a tile a seal, however large the log is", async () => {
    const { bytes, entry } = await costOf(1, MINUTE);
    // A bundle is half full on average; half of its entries are seals, which are shorter than facts.
    const bundle = (128 * (entry + 260)) / 2;
    const tiles = 128 * 32;
    const others = 6000;
    expect(bytes).toBeLessThan(bundle + tiles + others);
  });

  it("needs no more puts for more facts: their bytes twice, and their place once more with each seal of their hour", async () => {
    const [one, many] = [await costOf(1, MINUTE), await costOf(10, MINUTE)];
    expect(many.puts).toBeLessThan(one.puts + 1);
    const [place, sealsOfHour] = [40, 60];
    expect(many.bytes - one.bytes).toBeLessThan(10 * (2 * many.entry + place * sealsOfHour));
  });
});
