/** A ledger that is older than its log gets back what it lacks. */
import { describe, expect, it } from "vitest";
import { carryLog } from "../../functions/seal/log-transfer.ts";
import { writeKey } from "../../functions/seal/note.ts";
import { restoreFromLog } from "../../functions/seal/restore.ts";
import { type Sealing, seal } from "../../functions/seal/sealer.ts";
import { sweep } from "../../functions/seal/sweep.ts";
import { memoryStore } from "../store/memory.ts";
import { frozen, keep } from "../store/stores.ts";
import { wrongIn } from "./check-log.ts";
import { memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

const nothing = async function* () {};

const NOW = Date.parse("2026-11-22T12:00:00.000Z");

describe("a ledger that was restored from a backup older than its log", () => {
  it("is not sealed until what is missing is put back, byte for byte", async () => {
    const [store, restored] = [memoryStore(), memoryStore()];
    const log = memoryLog();
    const sealing: Sealing = { store, log, signer: newSigner("log.example/test"), now: () => new Date(NOW) };
    for (let n = 0; n < 20; n++) {
      const fact = frozen("/test", String(n), { recordedAt: new Date(NOW - 30_000 + n).toISOString() });
      await keep(store, fact);
      if (n < 12) await keep(restored, fact);
    }
    await seal(sealing);
    await expect(seal({ ...sealing, store: restored })).rejects.toMatchObject({ code: "behind" });
    expect((await sweep({ store: restored, stored: nothing, log })).findings).toHaveLength(8);

    expect(await restoreFromLog(restored, log, sealing.signer.key)).toEqual({ facts: 20, written: 8 });
    expect(await restoreFromLog(restored, log, sealing.signer.key)).toEqual({ facts: 20, written: 0 });
    expect((await sweep({ store: restored, stored: nothing, log })).findings).toEqual([]);
    expect(await seal({ ...sealing, store: restored })).toEqual({ is: "nothing" });
    const all = Array.from({ length: 20 }, (_, n) => ({ source: "/test", id: String(n) }));
    const bytes = async (of: typeof store) => (await of.get(all)).map((fact) => JSON.stringify(fact)).sort();
    expect(await bytes(restored)).toEqual(await bytes(store));
  });

  it("is left as it is where it holds another fact than the log", async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    const log = memoryLog();
    const signer = newSigner("log.example/test");
    await keep(store, frozen("/test", "1", { recordedAt: new Date(NOW).toISOString() }));
    await keep(other, frozen("/test", "1", { recordedAt: new Date(NOW - 1).toISOString() }));
    await seal({ store, log, signer, now: () => new Date(NOW) });
    await expect(restoreFromLog(other, log, signer.key)).rejects.toMatchObject({ code: "altered" });
  });

  it("is left as it is where the log's entries are not those of its checkpoint", async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    const log = memoryLog();
    const signer = newSigner("log.example/test");
    await keep(store, frozen("/test", "1", { recordedAt: new Date(NOW).toISOString() }));
    await seal({ store, log, signer, now: () => new Date(NOW) });
    const path = "tile/entries/000.p/2";
    const altered = (log.files.get(path) ?? Buffer.alloc(0))
      .toString("latin1")
      .replace("production", "productioN");
    log.files.set(path, Buffer.from(altered, "latin1"));
    await expect(restoreFromLog(other, log, signer.key)).rejects.toMatchObject({ code: "altered" });
    expect(await other.get([{ source: "/test", id: "1" }])).toEqual([]);
  });
});

/** A ledger that was sealed several times, across the end of a tile, the last time without facts. */
async function sealedLedger() {
  const store = memoryStore();
  const log = memoryLog();
  const clock = { ms: NOW };
  const sealing: Sealing = {
    ...{ store, log, signer: newSigner("log.example/test") },
    now: () => new Date(clock.ms),
  };
  const facts: string[] = [];
  const record = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const fact = frozen("/test", String(facts.length), {
        recordedAt: new Date(clock.ms + n).toISOString(),
      });
      await keep(store, fact);
      facts.push(JSON.stringify((await store.get([fact]))[0]));
    }
    clock.ms += 3700_000;
    await seal(sealing);
  };
  for (const count of [3, 300, 40, 0]) await record(count);
  return { ...sealing, store, log, facts, record };
}

describe("a log whose head is older than what it published", () => {
  it.each(["the head of an earlier seal", "no head, staging or positions"])(
    "gets it back: %s",
    async (which) => {
      const ledger = await sealedLedger();
      const { store, log, signer } = ledger;
      const checkpoint = log.files.get("checkpoint");
      const earlier = new Map(log.files);
      await ledger.record(5);
      for (const path of [...log.files.keys()])
        if (/^(head|staging\/|positions\/)/.test(path)) {
          const old = which.startsWith("the head") ? earlier.get(path) : undefined;
          if (old === undefined) log.files.delete(path);
          else log.files.set(path, old);
        }
      await expect(seal(ledger)).rejects.toMatchObject({ code: "behind" });
      expect(await restoreFromLog(store, log, signer.key)).toEqual({ facts: 348, written: 0 });
      expect(await seal(ledger)).toEqual({ is: "nothing" });
      await ledger.record(2);
      const published = [String(checkpoint)];
      expect(wrongIn(log.files, { key: signer.key, facts: ledger.facts, published })).toEqual([]);
    },
  );
});

describe("a log that is carried elsewhere", () => {
  it("is signed there by the key of the place, and continues the same tree", async () => {
    const from = await sealedLedger();
    const saved = String(from.log.files.get("checkpoint"));
    const [store, log] = [memoryStore(), memoryLog()];
    const signer = newSigner("elsewhere.example/log");
    // What was not copied of the facts is put back.
    expect(await carryLog(from.log, log, from.signer.key, store)).toEqual({ facts: 343, written: 343 });
    expect(await carryLog(from.log, log, from.signer.key, store)).toEqual({ facts: 343, written: 0 });
    expect(await seal({ store, log, signer, now: from.now })).toEqual({ is: "nothing" });
    expect(String(log.files.get("key"))).toBe(`${writeKey(signer.key)}\n`);
    // The old checkpoint is of the same tree.
    expect(wrongIn(log.files, { key: signer.key, facts: from.facts, published: [saved] })).toEqual([]);
    await expect(carryLog(from.log, log, from.signer.key, store)).rejects.toThrow("a sealed log of its own");
  });
});
