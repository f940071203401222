/** What the store's port promises of reading in order, run over every implementation. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessPatternsOf, dayOf } from "../../functions/ledger/access-patterns.ts";
import { retractionId } from "../../functions/ledger/append.ts";
import { canonical, order } from "../../functions/ledger/canonical.ts";
import type { Partition, Range, Store } from "../../functions/ledger/store.ts";
import { SHARDS } from "../../functions/ledger/store.ts";
import type { Fact } from "../../schemas/fact.ts";
import { drained, FREEZES, frozen, keep, type Opened, put, STORES, taken } from "./stores.ts";

const at = (minute: number): string => new Date(Date.UTC(2026, 9, 20, 8, minute)).toISOString();
const byOrder = (facts: readonly Fact[]): Fact[] => [...facts].sort((a, b) => (order(a) < order(b) ? -1 : 1));
const idsOf = (facts: readonly Fact[]): string[] => facts.map(({ id }) => id);

const retractionOf = (target: Fact): Fact =>
  taken({
    kind: "fact.retracted",
    source: "/people",
    id: retractionId(target),
    occurredAt: "2026-12-01T00:00:00.000Z",
    target: { source: target.source, id: target.id },
    reason: "was wrong",
  });

describe.each(STORES)("the store's ranges: $name", ({ open }) => {
  let opened: Opened;
  let store: Store;
  beforeEach(async () => {
    opened = await open();
    store = opened.store;
  });
  afterEach(() => opened.close());

  const read = async (range: Partial<Range> = {}, partition: Partition = FREEZES): Promise<Fact[]> =>
    (await drained((one) => store.query(partition, one), range)).map(({ fact }) => fact);

  /** Twelve facts at six moments, put in no order. */
  async function twelve(): Promise<Fact[]> {
    const facts = Array.from({ length: 12 }, (_, n) => frozen("/a", `f${n}`, { at: at((n * 5) % 6) }));
    for (const fact of facts) await put(store, fact);
    return byOrder(facts);
  }

  it("reads a partition by time, and facts of one time always in the same order", async () => {
    const facts = await twelve();
    expect(idsOf(await read())).toEqual(idsOf(facts));
    expect(idsOf(await read({ descending: true }))).toEqual(idsOf(facts.toReversed()));
  });

  it("gives no more than it is asked for, and the rest behind cursors, each once", async () => {
    const facts = await twelve();
    for (const limit of [1, 2, 3, 5, 12, 13]) {
      for (const descending of [false, true]) {
        const page = await store.query(FREEZES, { limit, descending });
        expect(page.entries).toHaveLength(Math.min(limit, 12));
        expect(page.cursor !== undefined || limit >= 12).toBe(true);
        expect(idsOf(await read({ limit, descending }))).toEqual(
          idsOf(descending ? facts.toReversed() : facts),
        );
      }
    }
  });

  it("includes both bounds, with all that follows the time they name", async () => {
    const facts = await twelve();
    const within = (from: string, to: string) =>
      idsOf(facts.filter(({ occurredAt }) => occurredAt >= from && occurredAt <= to));
    expect(idsOf(await read({ from: at(2) }))).toEqual(within(at(2), at(9)));
    expect(idsOf(await read({ to: at(2) }))).toEqual(within(at(0), at(2)));
    expect(idsOf(await read({ from: at(1), to: at(4) }))).toEqual(within(at(1), at(4)));
    expect(idsOf(await read({ from: at(3), to: at(3) }))).toEqual(within(at(3), at(3)));
    expect(idsOf(await read({ from: at(1), to: at(4), descending: true, limit: 3 }))).toEqual(
      within(at(1), at(4)).toReversed(),
    );
    expect(idsOf(await read({ to: "2026-10-20" }))).toEqual(within(at(0), at(9)));
    expect(await read({ from: at(6) })).toEqual([]);
    expect(await read({ to: "2026-10-19" })).toEqual([]);
  });

  it("takes a fact's own order as a bound, and what is behind it as the bound that leaves it out", async () => {
    const facts = await twelve();
    for (const [n, fact] of facts.entries()) {
      expect(idsOf(await read({ from: order(fact) }))).toEqual(idsOf(facts.slice(n)));
      expect(idsOf(await read({ to: order(fact) }))).toEqual(idsOf(facts.slice(0, n + 1)));
      expect(idsOf(await read({ from: `${order(fact)}~~` }))).toEqual(idsOf(facts.slice(n + 1)));
    }
  });

  it("answers nothing where a range ends before it begins", async () => {
    await twelve();
    expect(await read({ from: at(4), to: at(1) })).toEqual([]);
  });

  it.each([
    { way: "up", descending: false },
    { way: "down", descending: true },
  ])(
    "goes on where a page ended, whatever was put before and behind it in the meantime: $way",
    async ({ descending }) => {
      const facts = [2, 3, 4, 5].map((n) => frozen("/a", `f${n}`, { at: at(n) }));
      for (const fact of facts) await put(store, fact);
      const first = await store.query(FREEZES, { limit: 2, descending });
      for (const n of [1, 6]) await put(store, frozen("/a", `f${n}`, { at: at(n) }));
      const { cursor } = first;
      if (cursor === undefined) throw new Error("a full page has a cursor");
      const rest = await drained((range) => store.query(FREEZES, { cursor, ...range }), { descending });
      const seen = idsOf([...first.entries, ...rest].map(({ fact }) => fact));
      expect(seen).toEqual(descending ? ["f5", "f4", "f3", "f2", "f1"] : ["f2", "f3", "f4", "f5", "f6"]);
    },
  );

  it("puts a retraction right behind its target, wherever that stands", async () => {
    const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
    const said = {
      kind: "deployment.succeeded",
      source: "/a",
      environment: "production",
      service: "web",
      deployment: { provider: "p", instance: "i", id: "1" },
      components: [
        { component: "web", digest: digest(1) },
        { component: "worker", digest: digest(2) },
      ],
      commit: { sha: "4be1a00" },
    };
    const facts = [1, 2, 2, 2, 3].map((minute, n) => taken({ ...said, id: `f${n}`, occurredAt: at(minute) }));
    for (const fact of facts) await keep(store, fact);
    const target = byOrder(facts)[2];
    if (target === undefined) throw new Error("there are five facts");
    const retraction = retractionOf(target);
    await keep(store, retraction, target);
    const expected = byOrder(facts).flatMap((fact) => (fact === target ? [fact, retraction] : [fact]));
    const { posted, derived } = accessPatternsOf(target);
    const pointed = derived.flatMap((one) => (one.is === "pointer" ? one.partition : []));
    expect(posted.partitions).toHaveLength(5);
    expect(pointed).toHaveLength(1);
    for (const partition of [...posted.partitions, ...pointed]) {
      expect(idsOf(await read({}, partition))).toEqual(idsOf(expected));
      expect(idsOf(await read({ descending: true, limit: 1 }, partition))).toEqual(
        idsOf(expected).toReversed(),
      );
      expect(idsOf(await read({ to: order(target) }, partition))).toEqual(idsOf(expected.slice(0, 4)));
      expect(idsOf(await read({ from: `${order(target)}~~` }, partition))).toEqual(idsOf(expected.slice(4)));
    }
  });

  it("reads no partition into another, however alike they are written", async () => {
    const RUN = { deployment: { provider: "a", instance: "b", id: "c" } };
    const partitions: readonly Partition[] = [
      { of: "run", environment: "e" },
      { of: "run", environment: "e", service: "s" },
      { of: "run", environment: "e#s" },
      { of: "run", environment: "e%23s" },
      { of: "run", environment: "e", service: "s#c" },
      { of: "part", environment: "e", service: "s", components: "c" },
      { of: "part", environment: "e#s", service: "c", components: "c" },
      { of: "observed", environment: "e", service: "s" },
      { of: "attempt", environment: "e", service: "s" },
      { of: "schema", environment: "e", database: "s" },
      { of: "tag", repository: "e", tag: "s" },
      { of: "service", service: "e" },
      { of: "freeze", environment: "e" },
      { of: "freeze", environment: "e", service: "s" },
      { of: "mark", digest: "e" },
      { of: "timeline", environment: "e", month: "2026-10" },
      { of: "timeline", environment: "e#2026-10", month: "2026-10" },
      { of: "deployment", deployment: { provider: "a", instance: "b#c", id: "d" } },
      { of: "deployment", deployment: { provider: "a#b", instance: "c", id: "d" } },
      { of: "task", run: { ...RUN, environment: "c" }, component: "d#e", digest: "f" },
      { of: "task", run: { ...RUN, environment: "c", service: "d" }, component: "e", digest: "f" },
      { of: "digest", digest: "e", aspect: "image" },
      { of: "digest", digest: "e", aspect: "task" },
      { of: "commit", prefix: "e", aspect: "image" },
    ];
    const facts = partitions.map((_, n) => frozen("/a", String(n)));
    await Promise.all(
      partitions.map(async (partition, n) => {
        const [fact] = facts.slice(n, n + 1);
        if (fact !== undefined) await store.put({ fact, order: order(fact), partitions: [partition] });
      }),
    );
    for (const [n, partition] of partitions.entries())
      expect(idsOf(await read({}, partition))).toEqual([String(n)]);
  });

  it("reads on where a page is short because its facts are long", async () => {
    const facts = Array.from({ length: 30 }, (_, n) => ({
      ...frozen("/long", String(n), { at: at(n) }),
      reason: "x".repeat(55_000),
    }));
    await Promise.all(facts.map((fact) => put(store, fact)));
    for (const descending of [false, true]) expect(await read({ descending })).toHaveLength(30);
  });

  describe("by recording", () => {
    const recordedAt = (n: number): string => `2026-11-22T09:00:0${n % 10}.${String(n).padStart(3, "0")}Z`;

    const listed = async (day: string, range: Partial<Range> = {}): Promise<Fact[][]> =>
      Promise.all(
        Array.from({ length: SHARDS }, (_, shard) =>
          drained((one) => store.queryRecorded({ of: "recorded", day, shard }, one), range),
        ),
      );

    it("has each fact once, retractions as facts of their own, in the order of recording", async () => {
      const facts = Array.from({ length: 40 }, (_, n) =>
        frozen("/a", String(n), { at: at(40 - n), recordedAt: recordedAt((n * 7) % 40) }),
      );
      for (const fact of facts) await keep(store, fact);
      const [target] = facts;
      if (target === undefined) throw new Error("there are forty facts");
      const retraction = { ...retractionOf(target), recordedAt: recordedAt(40) };
      await keep(store, retraction, target);
      for (const limit of [1, 3, 1000]) {
        const shards = await listed(dayOf(recordedAt(0)), { limit });
        for (const shard of shards) {
          const times = shard.map((fact) => fact.recordedAt);
          expect(times).toEqual([...times].sort());
        }
        expect(shards.filter((shard) => shard.length > 0).length).toBeGreaterThan(1);
        const all = shards.flat().map(canonical).sort();
        expect(all).toEqual([...facts, retraction].map(canonical).sort());
      }
      expect((await listed("2026-11-21")).flat()).toEqual([]);
    });

    it("takes times of recording as bounds", async () => {
      const facts = Array.from({ length: 30 }, (_, n) =>
        frozen("/a", String(n), { recordedAt: recordedAt(n) }),
      );
      for (const fact of facts) await put(store, fact);
      const [from, to] = [recordedAt(3), recordedAt(7)];
      const found = (await listed(dayOf(from), { from, to })).flat();
      const expected = facts.filter((fact) => fact.recordedAt >= from && fact.recordedAt <= to);
      expect(idsOf(found).sort()).toEqual(idsOf(expected).sort());
      expect(idsOf((await listed(dayOf(from), { from: to, to })).flat())).toEqual(["7"]);
    });

    it("reads and counts a day of one source, whole or by some moment", async () => {
      const facts = Array.from({ length: 9 }, (_, n) => frozen("/a", `f${n}`, { recordedAt: recordedAt(n) }));
      for (const fact of [...facts, frozen("/b", "1"), frozen("/a#x", "1")]) await keep(store, fact);
      const ofA = { of: "source", source: "/a", day: dayOf(recordedAt(0)) } as const;
      const found = await drained((range) => store.queryRecorded(ofA, range), { limit: 2, descending: true });
      expect(found).toEqual(facts.toReversed());
      const counts = [undefined, recordedAt(3), "2026-11-22", "2026-11-21"].map((to) => store.count(ofA, to));
      expect(await Promise.all(counts)).toEqual([9, 4, 9, 0]);
    });
  });
});
