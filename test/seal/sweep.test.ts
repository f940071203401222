/** What is done to a ledger's file behind its back is found, on SQLite with its own checks passed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { type Database, openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { hashOf } from "../../functions/adapters/sqlite/facts.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { sqliteStoredFacts } from "../../functions/adapters/sqlite/stored-facts.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { type Sealing, sealAll } from "../../functions/seal/sealer.ts";
import { type Sweeping, sweep, sweepAndSeal } from "../../functions/seal/sweep.ts";
import type { Fact } from "../../schemas/fact.ts";
import { frozen, keep } from "../store/stores.ts";
import { memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

const NOW = Date.parse("2026-11-22T12:00:00.000Z");
const factAt = (id: string, minutes: number): Fact =>
  frozen("/test", id, { recordedAt: new Date(NOW - minutes * 60_000).toISOString() });

describe("the sweep", () => {
  let folder = "";
  let database: Database;
  let store: Store;
  let sealing: Sealing & Sweeping;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "asof-sweep-"));
    reopen();
    const signer = newSigner("log.example/test");
    sealing = {
      store,
      stored: sqliteStoredFacts(database),
      log: memoryLog(),
      signer,
      now: () => new Date(NOW),
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => keep(store, factAt(String(n), 400 - n))));
    await sealAll(sealing);
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  function reopen(): void {
    database = openDatabase(folder);
    store = sqliteStore(database, steadyClock(undefined), noDamage());
  }
  /** Changes the file as someone with access to it would, and opens the ledger again. */
  function meddle(change: () => void): void {
    change();
    database.close();
    reopen();
    sealing = { ...sealing, store, stored: sqliteStoredFacts(database) };
  }

  it("finds nothing in a ledger that is as it was sealed", async () => {
    await keep(store, factAt("not yet sealed", 0));
    // Those of the last quarter of an hour are left to the next seal; what is sealed of them is compared by its entries.
    expect(await sweep(sealing)).toEqual({ facts: 285, findings: [] });
  });

  it.each(["7", "299"])("finds fact %s that was rewritten, its own hash with it", async (id) => {
    const [fact] = await store.get([{ source: "/test", id }]);
    const bytes = JSON.stringify(fact).replace('"production"', '"staging"');
    meddle(() =>
      database
        .prepare("UPDATE items SET fact = ?, hash = ? WHERE key = ?")
        .run(bytes, hashOf(bytes), `F#/test#${id}`),
    );
    expect((await sweep(sealing)).findings).toEqual([{ what: "changed", source: "/test", id }]);
  });

  it("finds one fact that was removed", async () => {
    meddle(() => {
      database
        .prepare("DELETE FROM entries WHERE item IN (SELECT id FROM items WHERE key = ?)")
        .run("F#/test#250");
      database.prepare("DELETE FROM items WHERE key = ?").run("F#/test#250");
    });
    expect((await sweep(sealing)).findings).toEqual([{ what: "missing", source: "/test", id: "250" }]);
  });

  it.each(["planted", "7"])("finds fact %s that no reading by the time of recording shows", async (id) => {
    if (id === "planted") await keep(store, factAt(id, 200));
    const remove = (table: string, where: string, ...values: string[]) =>
      database.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...values);
    meddle(() =>
      remove(
        "entries",
        "part LIKE 'recorded %' AND item IN (SELECT id FROM items WHERE key = ?)",
        `F#/test#${id}`,
      ),
    );
    const what = id === "planted" ? "unsealed" : "changed";
    expect((await sweep(sealing)).findings).toEqual([{ what, source: "/test", id }]);
  });

  it("finds one fact that was put in with an old time, and seals it late", async () => {
    await keep(store, factAt("planted", 200));
    expect((await sweepAndSeal(sealing)).findings).toEqual([
      { what: "unsealed", source: "/test", id: "planted" },
    ]);
    expect(await sweepAndSeal(sealing)).toEqual({ facts: 286, findings: [] });
  });
});
