/** What the file of a ledger on one machine promises beside the store's port. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import Driver from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordedPartitions } from "../../functions/adapters/keys.ts";
import { checkInBackground } from "../../functions/adapters/sqlite/background.ts";
import { type Damage, noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { type Database, InUse, ledgerFile, openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { type Checked, checkDatabase } from "../../functions/adapters/sqlite/integrity.ts";
import { CannotOpen } from "../../functions/adapters/sqlite/schema.ts";
import { newestRecordedAt, sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Partition, Store } from "../../functions/ledger/store.ts";
import type { Fact } from "../../schemas/fact.ts";
import { deployed, digestOf, retracted, said } from "../ledger/given.ts";
import { drained, FREEZES, frozen, keep, put, taken } from "./stores.ts";

let folder: string;
let opened: Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asof-sqlite-"));
  opened = [];
});
afterEach(() => {
  for (const database of opened) database.close();
  rmSync(folder, { recursive: true });
});

function open(at = folder): Database {
  const database = openDatabase(at);
  opened.push(database);
  return database;
}

function close(database: Database): void {
  database.close();
  opened = opened.filter((one) => one !== database);
}

const storeOn = (database: Database, damage: Damage = noDamage()): Store =>
  sqliteStore(database, steadyClock(undefined), damage);

function checked(database: Database): Checked {
  const steps = checkDatabase(database);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

describe("the ledger's file", () => {
  it("is one process's alone", () => {
    open();
    expect(() => openDatabase(folder)).toThrow(InUse);
    expect(() => openDatabase(folder)).toThrow(/in use by another process; stop that one/);
  });

  it("is free again when it was closed", () => {
    close(open());
    expect(() => open()).not.toThrow();
  });

  it("is for its user alone", () => {
    const { file } = open();
    const modes = ["", "-wal", "-shm"].map((end) => statSync(`${file}${end}`).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it("of a newer format is refused, with what to do", () => {
    close(open());
    const driver = new Driver(ledgerFile(folder));
    driver.exec("PRAGMA user_version = 3");
    driver.close();
    expect(() => openDatabase(folder)).toThrow(CannotOpen);
    expect(() => openDatabase(folder)).toThrow(/format 3.*knows format 2; start it with the version/);
    // What was begun is undone.
    expect(() => openDatabase(folder)).not.toThrow(InUse);
  });

  it("that another program made is left alone", () => {
    const driver = new Driver(ledgerFile(folder));
    driver.exec("CREATE TABLE theirs (a)");
    driver.close();
    expect(() => openDatabase(folder)).toThrow(/is not a ledger's file/);
  });

  it("that holds no database is refused, and left as it is", () => {
    writeFileSync(ledgerFile(folder), "no database, and long enough to be none".repeat(40));
    expect(() => openDatabase(folder)).toThrow(/is damaged.*restore a backup/);
    expect(readFileSync(ledgerFile(folder), "utf8")).toContain("no database");
  });
});

describe("a check in the background", () => {
  it("ends where it is told to stop, and the process goes on", async () => {
    const database = open();
    const store = storeOn(database);
    for (let n = 0; n < 3; n++) await keep(store, frozen("/test", String(n)));
    const stopping = new AbortController();
    const stopped = checkInBackground(database.file, stopping.signal);
    stopping.abort();
    await expect(stopped).rejects.toThrow("the check was stopped before it finished");
    expect(await checkInBackground(database.file)).toEqual({ facts: 3, findings: [] });
  });
});

describe("writes of one turn", () => {
  it("are committed though one of them fails", async () => {
    const database = open();
    const store = storeOn(database);
    database
      .prepare(
        "CREATE TRIGGER no BEFORE INSERT ON items WHEN NEW.key LIKE '%bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
      )
      .run();
    const results = await Promise.allSettled(["a", "bad", "b"].map((id) => keep(store, frozen("/a", id))));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { name: "StoreError", code: "unavailable" } });
    expect((await store.query(FREEZES, { limit: 10 })).entries).toHaveLength(2);
    expect(checked(database)).toEqual({ facts: 2, findings: [] });
  });

  it("share one transaction", async () => {
    const database = open();
    const store = storeOn(database);
    const before = readFileSync(`${database.file}-wal`).length;
    await Promise.all(Array.from({ length: 100 }, (_, n) => put(store, frozen("/a", String(n)))));
    const together = readFileSync(`${database.file}-wal`).length - before;
    for (let n = 0; n < 100; n++) await put(store, frozen("/b", String(n)));
    const alone = readFileSync(`${database.file}-wal`).length - before - together;
    expect(together * 5).toBeLessThan(alone);
  });

  it("are refused where the disk is full, while reads go on; with room again, so do writes", async () => {
    const database = open();
    const store = storeOn(database);
    await keep(store, frozen("/a", "1"));
    const pages = Number(database.prepare("PRAGMA page_count").text());
    database.prepare(`PRAGMA max_page_count = ${pages}`).rows();
    const long = {
      kind: "migration.snapshot",
      source: "/a",
      id: "2",
      occurredAt: "2026-11-22T09:00:00.000Z",
    };
    const versions = Array.from({ length: 200 }, (_, n) => ({ version: `${n}${"v".repeat(200)}` }));
    const fact = taken({ ...long, environment: "production", database: "billing", mode: "set", versions });
    await expect(keep(store, fact)).rejects.toMatchObject({ code: "full", message: /Make room/ });
    expect(await store.get([frozen("/a", "1")])).toHaveLength(1);
    expect(await store.get([fact])).toEqual([]);
    database.prepare("PRAGMA max_page_count = 100000").rows();
    expect(await keep(store, fact)).toBe("written");
    expect(checked(database)).toEqual({ facts: 2, findings: [] });
  });

  it("and reads fail calmly where the file was closed", async () => {
    const database = open();
    const store = storeOn(database);
    close(database);
    await expect(put(store, frozen("/a", "1"))).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.query(FREEZES, { limit: 1 })).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.get([frozen("/a", "1")])).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a clock that is set back", () => {
  const at = (time: string) => Date.parse(time);

  it("does not set back what facts are stamped with, also after a restart", async () => {
    const machine = { ms: at("2026-11-22T09:00:00.000Z") };
    const clock = steadyClock(undefined, () => machine.ms);
    expect(clock.now().toISOString()).toBe("2026-11-22T09:00:00.000Z");
    machine.ms -= 60_000;
    expect(clock.now().toISOString()).toBe("2026-11-22T09:00:00.000Z");
    const database = open();
    await put(storeOn(database), frozen("/a", "1", { recordedAt: "2026-11-22T09:00:00.000Z" }));
    const newest = newestRecordedAt(database);
    expect(newest).toBe("2026-11-22T09:00:00.000Z");
    expect(
      steadyClock(newest, () => machine.ms)
        .now()
        .toISOString(),
    ).toBe(newest);
  });

  it("by more than ten minutes stops writing, and says what to do, until it is right", async () => {
    const machine = { ms: at("2026-11-22T08:49:00.000Z") };
    const clock = steadyClock("2026-11-22T09:00:00.000Z", () => machine.ms);
    const store = sqliteStore(open(), clock, noDamage());
    const fact = frozen("/a", "1");
    const putting = async () => put(store, fact);
    await expect(putting()).rejects.toMatchObject({
      code: "clock",
      message: /11 minutes behind.*Set the clock right/,
    });
    expect(await store.get([fact])).toEqual([]);
    machine.ms = at("2026-11-22T08:51:00.000Z");
    expect(await put(store, fact)).toBe("written");
  });
});

/* Damage */

const index = said("artifact.indexed", "2026-10-01T00:00:00.000Z", {
  digest: digestOf("index"),
  manifests: [{ digest: digestOf("amd64"), configDigest: digestOf("config") }],
});
const FACTS: readonly { fact: Fact; target?: Fact }[] = [
  ...Array.from({ length: 12 }, (_, n) => ({
    fact: taken(
      deployed("production", `acme/service-${n % 3}`, `image ${n}`, `2026-10-${10 + n}T00:00:00.000Z`),
    ),
  })),
  { fact: taken(index) },
  { fact: taken(retracted(index)), target: taken(index) },
];

/** Writes a ledger's file with some facts in it, checkpointed into one file. */
async function written(): Promise<string> {
  const database = open();
  for (const { fact, target } of FACTS) await keep(storeOn(database), fact, target);
  close(database);
  return ledgerFile(folder);
}

const partitions: readonly Partition[] = FACTS.flatMap(({ fact, target }) => {
  const { posted, derived } = accessPatternsOf(fact, target);
  return [...posted.partitions, ...derived.flatMap((one) => (one.is === "pointer" ? one.partition : []))];
});

/** Everything that the store can be asked for, each answer or its error. */
async function everything(store: Store): Promise<string[]> {
  const ask = async (question: () => Promise<unknown>): Promise<string> => {
    try {
      return JSON.stringify(await question());
    } catch (error) {
      return error instanceof Error && "code" in error ? `StoreError ${String(error.code)}` : String(error);
    }
  };
  return Promise.all([
    ...FACTS.map(({ fact }) => ask(() => store.get([fact]))),
    ...partitions.map((partition) => ask(() => drained((range) => store.query(partition, range)))),
    ...FACTS.flatMap(({ fact }) =>
      recordedPartitions(fact).map((one) => ask(() => drained((range) => store.queryRecorded(one, range)))),
    ),
    ...FACTS.flatMap(({ fact, target }) =>
      accessPatternsOf(fact, target).derived.flatMap((one) =>
        one.is === "name" ? [ask(() => drained((range) => store.names(one.directory, range)))] : [],
      ),
    ),
  ]);
}

/** Opens a copy of the file with some bytes changed; undefined where it cannot be opened. */
function withBytes(change: (bytes: Buffer) => void): Database | undefined {
  const copy = mkdtempSync(join(folder, "copy-"));
  const bytes = readFileSync(ledgerFile(folder));
  change(bytes);
  writeFileSync(ledgerFile(copy), bytes);
  try {
    return open(copy);
  } catch (error) {
    expect(error).toBeInstanceOf(CannotOpen);
    return undefined;
  }
}

/** Places of a text in the file. */
function placesOf(bytes: Buffer, text: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found.push(at);
  return found;
}

describe("a file with one byte changed", () => {
  it("is found to be whole where nothing was changed", async () => {
    await written();
    expect(checked(open())).toEqual({ facts: FACTS.length, findings: [] });
  });

  it.each([
    { where: "a value", text: '"environment":"production"' },
    { where: "a key of an item", text: "F#/test#" },
    { where: "a key of an entry", text: "subject RUN#production#acme/service-1" },
    { where: "an order of an entry", text: "2026-10-12T00:00:00.000Z#" },
    { where: "a name", text: "acme/service-2" },
    { where: "a pointer", text: "digest sha256:" },
  ])("in $where is found, and answered with an error and never with less", async ({ text }) => {
    const file = await written();
    const whole = await everything(storeOn(open()));
    const places = placesOf(readFileSync(file), text);
    expect(places.length).toBeGreaterThan(0);
    for (const place of places) {
      const database = withBytes((bytes) => {
        bytes[place + text.length - 2] = (bytes[place + text.length - 2] ?? 0) ^ 1;
      });
      if (database === undefined) continue;
      const { findings } = checked(database);
      const damage = noDamage();
      for (const finding of findings) damage.add(finding);
      const answers = await everything(storeOn(database, damage));
      const wrong = answers.filter((answer, n) => answer !== whole[n] && answer !== "StoreError damaged");
      expect(wrong).toEqual([]);
      // What was changed in free space changes no answer.
      if (answers.some((answer, n) => answer !== whole[n])) expect(findings.length).toBeGreaterThan(0);
      close(database);
    }
  });

  it("anywhere is found, or changes no answer", async () => {
    const file = await written();
    const whole = await everything(storeOn(open()));
    const { length } = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), async (place, mask) => {
        const database = withBytes((bytes) => {
          bytes[place] = (bytes[place] ?? 0) ^ mask;
        });
        if (database === undefined) return;
        const damage = noDamage();
        for (const finding of checked(database).findings) damage.add(finding);
        const answers = await everything(storeOn(database, damage));
        expect(answers.filter((answer, n) => answer !== whole[n] && answer !== "StoreError damaged")).toEqual(
          [],
        );
        close(database);
      }),
      { numRuns: 60 },
    );
  });

  it("names the fact whose bytes were changed before any check ran", async () => {
    const file = await written();
    const places = placesOf(readFileSync(file), '"service":"acme/service-1"');
    const database = withBytes((bytes) => {
      bytes.write("x", (places[0] ?? 0) + 11);
    });
    if (database === undefined) throw new Error("the structure is whole");
    const run = { of: "run", environment: "production", service: "acme/service-1" } as const;
    await expect(drained((range) => storeOn(database).query(run, range))).rejects.toMatchObject({
      code: "damaged",
      message: /^The fact F#\/test#\S+ is damaged.*asof restore/,
    });
  });
});
