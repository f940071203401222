/** What one seal does, and what it refuses. */
import { describe, expect, it, vi } from "vitest";
import type { LogStore } from "../../functions/seal/log-store.ts";
import { readSeal } from "../../functions/seal/seal-leaf.ts";
import { sealAll } from "../../functions/seal/sealer.ts";
import { entriesOf } from "../../functions/seal/tiles.ts";
import { BEGINNING } from "../../functions/seal/unsealed-facts.ts";
import { sealedLedger, timeAfter } from "./given.ts";

const MINUTE = 60_000;

describe("a seal", () => {
  it("appends the facts by time, source and id, and a leaf that dates them", async () => {
    const ledger = sealedLedger();
    ledger.record(2, timeAfter(-2000));
    ledger.record(1, timeAfter(-3000));
    expect(await ledger.seal()).toEqual({ is: "sealed", size: 4, facts: 3, lagMs: 3000, isCut: false });
    const entries = entriesOf(ledger.log.files.get("tile/entries/000.p/4") ?? Buffer.alloc(0)) ?? [];
    expect(entries.slice(0, 3).map((entry) => JSON.parse(entry.toString()).id)).toEqual(["2", "0", "1"]);
    expect(readSeal(entries[3] ?? Buffer.alloc(0))).toMatchObject({
      n: 1,
      sealedAt: timeAfter(0),
      count: 3,
      lag: 3000,
    });
    expect(ledger.wrong()).toEqual([]);
  });

  it("seals a fact once, though it looks back", async () => {
    const ledger = sealedLedger();
    ledger.record(3);
    await ledger.seal();
    ledger.clock.time += MINUTE;
    ledger.record(2);
    expect(await ledger.seal()).toMatchObject({ is: "sealed", facts: 2 });
    ledger.clock.time += MINUTE;
    expect(await ledger.seal()).toEqual({ is: "nothing" });
    expect(await ledger.seal(BEGINNING)).toEqual({ is: "nothing" });
    expect(ledger.wrong()).toEqual([]);
  });

  it("is made once an hour where nothing was recorded, from the start on", async () => {
    const ledger = sealedLedger();
    expect(await ledger.seal()).toMatchObject({ is: "sealed", size: 1, facts: 0 });
    ledger.clock.time += 59 * MINUTE;
    expect(await ledger.seal()).toEqual({ is: "nothing" });
    ledger.clock.time += MINUTE;
    expect(await ledger.seal()).toMatchObject({ is: "sealed", size: 2, facts: 0 });
    expect(ledger.wrong()).toEqual([]);
  });

  it("is later than the one before, also where the clock was set back", async () => {
    const ledger = sealedLedger();
    await ledger.seal();
    ledger.clock.time -= 60 * MINUTE;
    ledger.record(1);
    await ledger.seal();
    const entries = entriesOf(ledger.log.files.get("tile/entries/000.p/3") ?? Buffer.alloc(0)) ?? [];
    expect(entries.map((entry) => readSeal(entry)?.sealedAt)).toEqual([
      timeAfter(0),
      undefined,
      timeAfter(1),
    ]);
  });

  it("takes 2,000 facts, the oldest first, and the next runs take the rest, however old", async () => {
    const ledger = sealedLedger();
    for (let n = 0; n < 50; n++) ledger.record(100, timeAfter(n * MINUTE));
    ledger.clock.time += 300 * MINUTE;
    expect(await ledger.seal()).toMatchObject({ facts: 2000, isCut: true });
    ledger.clock.time += MINUTE;
    expect(await ledger.seal()).toMatchObject({ facts: 2000, isCut: true });
    expect(await ledger.seal()).toMatchObject({ facts: 1000, isCut: false });
    expect(ledger.wrong()).toEqual([]);
  });

  it("finds a fact that appears within the overlap, and an older one by the sweep alone", async () => {
    const ledger = sealedLedger();
    ledger.record(1);
    await ledger.seal();
    ledger.clock.time += MINUTE;
    ledger.record(1, timeAfter(-14 * MINUTE));
    ledger.record(1, timeAfter(-16 * MINUTE));
    expect(await ledger.seal()).toMatchObject({ facts: 1 });
    ledger.clock.time += MINUTE;
    expect(await ledger.seal(BEGINNING)).toMatchObject({ facts: 1 });
    expect(ledger.wrong()).toEqual([]);
  });

  it("loses nothing behind a fact whose clock was ahead", async () => {
    const ledger = sealedLedger();
    ledger.record(1, timeAfter(600 * MINUTE));
    await ledger.seal();
    ledger.clock.time += MINUTE;
    ledger.record(1);
    expect(await ledger.seal()).toMatchObject({ facts: 1 });
    expect(ledger.wrong()).toEqual([]);
  });
});

describe("a run of seals", () => {
  it("reads a backlog once, however many seals it takes", async () => {
    const readsOf = async (maxFacts: number): Promise<number> => {
      const ledger = sealedLedger();
      ledger.record(6);
      const read = vi.spyOn(ledger.sealing.store, "queryRecorded");
      expect(await sealAll({ ...ledger.sealing, maxFacts })).toEqual({ facts: 6, isDone: true });
      expect(ledger.wrong()).toEqual([]);
      return read.mock.calls.length;
    };
    expect(await readsOf(1)).toBe(await readsOf(6));
  });

  it("ends where another sealer has sealed in between, so that nothing is sealed twice", async () => {
    const ledger = sealedLedger();
    ledger.record(3);
    let positions = 0;
    const log: LogStore = {
      ...ledger.log,
      putIfAbsent: async (path, bytes) => {
        const outcome = await ledger.log.putIfAbsent(path, bytes);
        // The last write of the first seal.
        if (path.startsWith("positions/") && positions++ === 0) await ledger.seal();
        return outcome;
      },
    };
    expect(await sealAll({ ...ledger.sealing, log, maxFacts: 1 })).toEqual({ facts: 1, isDone: false });
    expect(ledger.wrong()).toEqual([]);
  });

  it("ends after the seal in progress where it is told to stop", async () => {
    const ledger = sealedLedger();
    ledger.record(3);
    const stopping = AbortSignal.abort();
    const run = sealAll({ ...ledger.sealing, maxFacts: 1 }, { signal: stopping });
    expect(await run).toEqual({ facts: 1, isDone: false });
  });
});

describe("the sealer stops", () => {
  it("where the head is older than the published checkpoint", async () => {
    const ledger = sealedLedger();
    ledger.record(1);
    await ledger.seal();
    const older = ledger.log.files.get("head") ?? Buffer.alloc(0);
    ledger.record(1);
    await ledger.seal();
    ledger.log.files.set("head", older);
    await expect(ledger.seal()).rejects.toMatchObject({ code: "behind", message: /head is at 2.*at 4/ });
    ledger.log.files.delete("head");
    await expect(ledger.seal()).rejects.toMatchObject({ code: "behind" });
  });

  it("where the ledger lacks a fact that is sealed, as after a restore of an older backup", async () => {
    const [ledger, restored] = [sealedLedger(), sealedLedger()];
    const [fact] = ledger.record(1);
    await ledger.seal();
    ledger.clock.time += 2 * 3600_000;
    await ledger.seal();
    const run = ledger.seal(undefined, { store: restored.sealing.store });
    await expect(run).rejects.toMatchObject({
      code: "behind",
      message: new RegExp(`${fact?.source} ${fact?.id}`),
    });
  });

  it.each(["tile/0/000.p/3", "tile/entries/000.p/3", "head", "checkpoint"])(
    "where %s was altered",
    async (path) => {
      const ledger = sealedLedger();
      ledger.record(2);
      await ledger.seal();
      const bytes = Buffer.from(ledger.log.files.get(path) ?? "");
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
      ledger.log.files.set(path, bytes);
      ledger.record(1);
      await expect(ledger.seal()).rejects.toMatchObject({ code: "altered" });
    },
  );

  it("where a file of the next size holds other bytes", async () => {
    const ledger = sealedLedger();
    await ledger.log.putIfAbsent("tile/0/000.p/2", Buffer.from("others"));
    ledger.record(1);
    await expect(ledger.seal()).rejects.toMatchObject({ code: "altered", message: /tile\/0\/000\.p\/2/ });
    expect(ledger.log.files.has("checkpoint")).toBe(false);
  });

  it("where a key of another name or log is used", async () => {
    const [ledger, other] = [sealedLedger(), sealedLedger()];
    await ledger.seal();
    await expect(other.seal(undefined, { log: ledger.log })).rejects.toMatchObject({ code: "altered" });
  });
});
