/** A ledger that is older than its log gets back what it lacks. */
import { describe, expect, it } from "vitest";
import { restoreFromLog } from "../../functions/seal/restore.ts";
import { type Sealing, seal } from "../../functions/seal/sealer.ts";
import { sweep } from "../../functions/seal/sweep.ts";
import { memoryStore } from "../store/memory.ts";
import { frozen, keep } from "../store/stores.ts";
import { memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

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
    expect((await sweep(restored, log)).findings).toHaveLength(8);

    expect(await restoreFromLog(restored, log, sealing.signer.key)).toEqual({ facts: 20, written: 8 });
    expect(await restoreFromLog(restored, log, sealing.signer.key)).toEqual({ facts: 20, written: 0 });
    expect((await sweep(restored, log)).findings).toEqual([]);
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
});
