/** What the store's port promises of single items, run over every implementation; for ranges see ranges.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordedPartitions } from "../../functions/adapters/keys.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { retractionId } from "../../functions/ledger/append.ts";
import { canonical } from "../../functions/ledger/canonical.ts";
import type { Name, Partition, Store } from "../../functions/ledger/store.ts";
import { KINDS } from "../../schemas/fact.ts";
import { drained, FREEZES, frozen, identityOf, keep, type Opened, put, STORES, taken } from "./stores.ts";
import { worstFacts } from "./worst.ts";

describe.each(STORES)("the store: $name", ({ open }) => {
  let opened: Opened;
  let store: Store;
  beforeEach(async () => {
    opened = await open();
    store = opened.store;
  });
  afterEach(() => opened.close());

  const everything = (partition: Partition) => drained((range) => store.query(partition, range));

  describe("put", () => {
    it("writes a fact once, and says of the same again that its identity is taken", async () => {
      const fact = frozen("/a", "1");
      expect(await put(store, fact)).toBe("written");
      expect(await put(store, fact)).toBe("taken");
      expect(await store.get([fact])).toEqual([fact]);
      expect(await everything(FREEZES)).toEqual([{ fact, provisional: false }]);
    });

    it("gives facts back in canonical form, in whatever form they were put", async () => {
      const { recordedAt, source, ...rest } = frozen("/a", "1");
      const fact = { ...rest, source, recordedAt };
      await put(store, fact);
      const listed = await Promise.all(
        recordedPartitions(fact).map((partition) =>
          drained((range) => store.queryRecorded(partition, range)),
        ),
      );
      const given = [
        ...(await store.get([fact])),
        ...(await everything(FREEZES)).map((entry) => entry.fact),
        ...listed.flat(),
      ];
      expect(JSON.stringify(fact)).not.toBe(canonical(fact));
      expect(new Set(given.map((one) => JSON.stringify(one)))).toEqual(new Set([canonical(fact)]));
    });

    it("keeps what came first where another fact has the same identity", async () => {
      const fact = frozen("/a", "1");
      const other = frozen("/a", "1", {
        at: "2026-11-21T00:00:00.000Z",
        recordedAt: "2026-11-23T00:00:00.000Z",
      });
      await put(store, fact);
      expect(await put(store, other)).toBe("taken");
      expect(await store.get([fact])).toEqual([fact]);
      expect(await everything(FREEZES)).toEqual([{ fact, provisional: false }]);
      const partitions = [...recordedPartitions(fact), ...recordedPartitions(other)];
      const listed = await Promise.all(
        partitions.map((partition) =>
          partition.of === "source" ? [] : drained((range) => store.queryRecorded(partition, range)),
        ),
      );
      expect(listed.flat()).toEqual([fact]);
    });

    it("has one winner of two hundred that put at once, and keeps what the winner put", async () => {
      const facts = Array.from({ length: 200 }, (_, n) =>
        frozen("/a", "1", { at: new Date(Date.UTC(2026, 9, 1, 0, 0, n)).toISOString() }),
      );
      const results = await Promise.all(facts.map((fact) => put(store, fact)));
      const won = facts.filter((_, n) => results[n] === "written");
      expect(won).toHaveLength(1);
      expect(results.filter((result) => result === "taken")).toHaveLength(199);
      expect(await store.get([{ source: "/a", id: "1" }])).toEqual(won);
      expect((await everything(FREEZES)).map(({ fact }) => fact)).toEqual(won);
    });

    it("keeps facts apart whose identities differ in anything at all", async () => {
      const identities = [
        ...["/a", "/A", "/a/", "/a#", "/a%25", "/a%23", "/a%2523", "/a#b", "/a~"].map((source) => [
          source,
          "1",
        ]),
        ...["b#1", "#1", "1#", "1#1", "1%", "1%23", "1%2523", "x", "X", "é", "e\u0301", "\u212B", "\u00C5"],
        ...["1 1", "1  1", "😀", "\uFF21", "A", "~", "~~", "\\", '"', "__proto__"],
      ].map((one) => (Array.isArray(one) ? one : ["/a", one]));
      const facts = identities.map(([source = "", id = ""]) => frozen(source, id));
      for (const fact of facts) expect(await put(store, fact)).toBe("written");
      for (const fact of facts) expect(await store.get([fact])).toEqual([fact]);
      expect(await everything(FREEZES)).toHaveLength(facts.length);
    });

    it("keeps the longest facts that the schemas allow, wherever they stand", {
      timeout: 120_000,
    }, async () => {
      for (const { fact, target } of KINDS.flatMap((kind) => worstFacts(kind, "#").slice(0, 1))) {
        // Of one source, so that they need ids of their own.
        const own = { ...fact, id: `${fact.kind}${fact.id}`.slice(0, 256) };
        expect(await keep(store, own, target)).toBe("written");
        expect(await store.get([own])).toEqual([own]);
        const { posted, derived } = accessPatternsOf(own, target);
        const pointed = derived.flatMap((one) => (one.is === "pointer" ? one.partition : []));
        for (const partition of [...posted.partitions, ...pointed.slice(-1)]) {
          const page = await store.query(partition, { from: posted.order, to: posted.order, limit: 10 });
          expect(page.entries.map((entry) => entry.fact)).toContainEqual(own);
        }
      }
    });
  });

  describe("the hash of a vendor's event", () => {
    it("stands beside its fact, and in nothing that is read of it", async () => {
      const [fact, other] = [frozen("/a", "1"), frozen("/a", "2")];
      const rawHash = "a".repeat(64);
      await store.put({ ...accessPatternsOf(fact).posted, rawHash });
      await put(store, other);
      expect(await store.rawHashOf(fact)).toBe(rawHash);
      expect(await store.rawHashOf(other)).toBeUndefined();
      expect(await store.rawHashOf({ source: "/a", id: "3" })).toBeUndefined();
      expect(await store.get([fact])).toEqual([fact]);
      expect((await store.query(FREEZES, { limit: 10 })).entries.map((entry) => entry.fact)).toContainEqual(
        fact,
      );
    });

    it("stays that of the fact that was first", async () => {
      const fact = frozen("/a", "1");
      await store.put({ ...accessPatternsOf(fact).posted, rawHash: "a".repeat(64) });
      expect(await store.put({ ...accessPatternsOf(fact).posted, rawHash: "b".repeat(64) })).toBe("taken");
      expect(await store.rawHashOf(fact)).toBe("a".repeat(64));
    });
  });

  describe("get", () => {
    it("finds 250 identities at once, and leaves out those that are not there", async () => {
      const facts = Array.from({ length: 250 }, (_, n) => frozen("/a", String(n)));
      await Promise.all(facts.map((fact) => put(store, fact)));
      const absent = Array.from({ length: 30 }, (_, n) => ({ source: "/b", id: String(n) }));
      const found = await store.get([...absent.slice(0, 15), ...facts, ...absent.slice(15)]);
      expect(found.map(identityOf).sort()).toEqual(facts.map(identityOf).sort());
    });

    it("finds a fact once, however often it is asked for", async () => {
      const [fact, other] = [frozen("/a", "1"), frozen("/a", "2")];
      await put(store, fact);
      await put(store, other);
      expect(await store.get([fact, fact])).toEqual([fact]);
      expect(await store.get([fact, other, fact, other])).toHaveLength(2);
    });

    it("finds facts that together are longer than any answer of the service", async () => {
      const facts = Array.from({ length: 40 }, (_, n) => ({ ...long(n), id: String(n) }));
      await Promise.all(facts.map((fact) => put(store, fact)));
      expect(await store.get(facts)).toHaveLength(facts.length);
    });

    it("finds nothing where nothing is asked for or nothing is there", async () => {
      expect(await store.get([])).toEqual([]);
      expect(await store.get([{ source: "/a", id: "1" }])).toEqual([]);
    });

    it("sees a fact as soon as it was put", async () => {
      for (const fact of Array.from({ length: 20 }, (_, n) => frozen("/a", String(n)))) {
        await put(store, fact);
        expect(await store.get([fact])).toEqual([fact]);
      }
    });
  });

  describe("names", () => {
    const directory = { of: "services", environment: "production" } as const;
    const tell = (name: string, shown = name, recordedAt = "2026-11-22T09:00:00.000Z") =>
      store.derive({ is: "name", directory, name: { name, shown, recordedAt } });
    const list = (more = {}): Promise<Name[]> => drained((range) => store.names(directory, range), more);

    it("stay as they were first heard", async () => {
      await tell("acme/billing", "Acme/Billing", "2026-11-22T09:00:00.000Z");
      await tell("acme/billing", "ACME/BILLING", "2026-11-23T09:00:00.000Z");
      expect(await list()).toEqual([
        { name: "acme/billing", shown: "Acme/Billing", recordedAt: "2026-11-22T09:00:00.000Z" },
      ]);
    });

    it("are there once, however many put them at once", async () => {
      await Promise.all(Array.from({ length: 200 }, (_, n) => tell("a", `A${n}`)));
      expect(await list()).toHaveLength(1);
    });

    it("come in the order of their bytes, either way and in pages of any size", async () => {
      const told = ["b", "a", "a/b", "a#b", "a%23b", "ab", "\uFF5E", "😀", "é", "part:web,worker", "~"];
      await Promise.all(told.map((name) => tell(name)));
      const expected = [...told].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const found = async (more: object) => (await list(more)).map(({ name }) => name);
      for (const limit of [1, 2, 3, 100]) {
        expect(await found({ limit })).toEqual(expected);
        expect(await found({ limit, descending: true })).toEqual(expected.toReversed());
      }
    });

    it("are read from one of them on, and to those that begin with one", async () => {
      for (const name of ["2026-09", "2026-10", "2026-11", "2026-12"]) await tell(name);
      const found = async (more: object) => (await list(more)).map(({ name }) => name);
      expect(await found({ from: "2026-11" })).toEqual(["2026-11", "2026-12"]);
      expect(await found({ to: "2026-10" })).toEqual(["2026-09", "2026-10"]);
      expect(await found({ from: "2026-10", to: "2026-1" })).toEqual(["2026-10", "2026-11", "2026-12"]);
      expect(await found({ to: "2026-11", descending: true, limit: 1 })).toEqual([
        "2026-11",
        "2026-10",
        "2026-09",
      ]);
    });

    it("stand in their own directory only", async () => {
      await tell("acme/billing");
      const others = [
        { of: "services", environment: "Production" },
        { of: "months", environment: "production" },
        { of: "service", environment: "production", service: "acme/billing" },
        { of: "environments" },
        { of: "group", group: "production" },
        { of: "days", source: "production" },
      ] as const;
      for (const other of others) expect((await store.names(other, { limit: 10 })).entries).toEqual([]);
    });
  });

  describe("pointers", () => {
    const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
    const indexed = taken({
      kind: "artifact.indexed",
      source: "/a",
      id: "1",
      occurredAt: "2026-11-22T09:00:00.000Z",
      digest: digest(1),
      manifests: [{ digest: digest(2), configDigest: digest(3) }],
    });
    const image = (n: number): Partition => ({ of: "digest", digest: digest(n), aspect: "image" });

    it("stand in each further partition of their fact, and say that it may not be there", async () => {
      await keep(store, indexed);
      await keep(store, indexed);
      expect(await everything(image(1))).toEqual([{ fact: indexed, provisional: false }]);
      expect(await everything(image(2))).toEqual([{ fact: indexed, provisional: true }]);
      expect(await everything(image(3))).toEqual([{ fact: indexed, provisional: true }]);
    });

    it("make no fact", async () => {
      for (const one of accessPatternsOf(indexed).derived) await store.derive(one);
      expect(await everything(image(2))).toEqual([{ fact: indexed, provisional: true }]);
      expect(await everything(image(1))).toEqual([]);
      expect(await store.get([indexed])).toEqual([]);
      for (const partition of recordedPartitions(indexed)) expect(await store.count(partition)).toBe(0);
    });
  });

  it("counts the facts of one day of one source, retractions among them, and nothing beside them", async () => {
    const target = frozen("/a", "1");
    const facts = [target, frozen("/a", "2"), frozen("/a", "3", { recordedAt: "2026-11-23T00:00:00.000Z" })];
    for (const fact of [...facts, frozen("/A", "1"), frozen("/a#2026-11-22", "1")]) await keep(store, fact);
    const retraction = taken({
      kind: "fact.retracted",
      source: "/a",
      id: retractionId(target),
      occurredAt: target.occurredAt,
      target: { source: target.source, id: target.id },
      reason: "",
    });
    await keep(store, retraction, target);
    const on = (day: string) => store.count({ of: "source", source: "/a", day });
    expect([await on("2026-11-21"), await on("2026-11-22"), await on("2026-11-23")]).toEqual([0, 3, 1]);
    const [shard] = recordedPartitions(target);
    expect(shard === undefined ? 0 : await store.count(shard)).toBeGreaterThan(0);
  });
});

/** A fact near the most that one may hold. */
const long = (n: number) =>
  taken({
    kind: "migration.snapshot",
    source: "/long",
    id: String(n),
    occurredAt: "2026-11-22T09:00:00.000Z",
    environment: "production",
    database: "billing",
    mode: "set",
    versions: Array.from({ length: 220 }, (_, row) => ({ version: `${row}${"v".repeat(240)}` })),
  });
