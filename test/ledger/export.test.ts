import { describe, expect, it } from "vitest";
import { append } from "../../functions/ledger/append.ts";
import { fingerprint } from "../../functions/ledger/canonical.ts";
import { type Extent, exportFacts } from "../../functions/ledger/export/export.ts";
import { SHARDS, type Store } from "../../functions/ledger/store.ts";
import type { Fact } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { day, retracted, said } from "./given.ts";

const OCTOBER = { from: day(1, "00:00"), to: day(31, "23:59") };

/** Records at these times, in this order; returns the facts. */
async function record(store: Store, times: readonly string[], reportedBy = "ci"): Promise<Fact[]> {
  const facts: Fact[] = [];
  const heard = new Set<string>();
  const people = memoryPeople();
  for (const time of times) {
    const statement = said("environment.frozen", day(1, "00:00"), { environment: "production" });
    const appending = { store, rules: [], now: () => new Date(time), heard, people };
    const outcome = await append(appending, statement, { reportedBy, vendor: "events" });
    if (outcome.outcome === "recorded") facts.push(outcome.fact);
  }
  return facts;
}

async function exported(store: Store, extent: Partial<Extent> = {}): Promise<Fact[]> {
  const facts: Fact[] = [];
  for await (const some of exportFacts(store, { ...OCTOBER, ...extent })) facts.push(...some);
  return facts;
}

const placeOf = (fact: Fact): string => `${fact.recordedAt}#${fingerprint(fact)}`;
const inOrder = (facts: readonly Fact[]): Fact[] =>
  facts.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
const goingOn = (fact: Fact | undefined) =>
  fact === undefined ? {} : { after: { recordedAt: fact.recordedAt, fingerprint: fingerprint(fact) } };

/** A store that counts what it is asked for, and gives small pages. */
function counted(store: Store) {
  const count = { queries: 0, pages: 0 };
  const counting: Store = {
    ...store,
    async queryRecorded(partition, range) {
      count.queries++;
      const page = await store.queryRecorded(partition, { ...range, limit: 10 });
      if (page.entries.length > 0) count.pages++;
      return page;
    },
  };
  return { store: counting, count };
}

/** Several facts of one millisecond, of one day and of days apart, in no order. */
const TIMES = [
  ...[3, 1, 2].flatMap((n) => Array.from({ length: 20 }, () => day(n, "10:00"))),
  ...Array.from({ length: 40 }, (_, n) => new Date(Date.parse(day(2, "09:00")) + n * 7).toISOString()),
  day(20, "23:59:59.999"),
  day(21, "00:00"),
];

describe("an export", () => {
  it("holds every fact once, in the order of recording", async () => {
    const store = memoryStore();
    const facts = await record(store, TIMES);
    expect(await exported(store)).toEqual(inOrder(facts));
  });

  it("holds what was retracted, and the retraction after it", async () => {
    const store = memoryStore();
    const wrong = said("environment.frozen", day(1), { environment: "production" });
    const receipt = { reportedBy: "ci", vendor: "events" };
    const at = (time: string) => ({
      store,
      rules: [],
      now: () => new Date(time),
      heard: new Set<string>(),
      people: memoryPeople(),
    });
    await append(at(day(2)), wrong, receipt);
    await append(at(day(3)), retracted(wrong), receipt);
    expect((await exported(store)).map(({ kind }) => kind)).toEqual(["environment.frozen", "fact.retracted"]);
  });

  it.each([
    ["from, inclusive", { from: day(3, "10:00") }, (at: string) => at >= day(3, "10:00")],
    ["to, inclusive", { to: day(2, "10:00") }, (at: string) => at <= day(2, "10:00")],
    [
      "within a millisecond",
      { from: day(2, "10:00"), to: day(2, "10:00") },
      (at: string) => at === day(2, "10:00"),
    ],
    ["over midnight", { from: day(20, "23:59:59.999"), to: day(21, "00:00") }, (at: string) => at >= day(20)],
    ["where nothing was recorded", { from: day(22), to: day(30) }, () => false],
    ["that ends before it begins", { from: day(30), to: day(2) }, () => false],
  ])("holds only what was recorded %s", async (_, extent, isInside) => {
    const store = memoryStore();
    const facts = await record(store, TIMES);
    expect(await exported(store, extent)).toEqual(
      inOrder(facts.filter(({ recordedAt }) => isInside(recordedAt))),
    );
  });

  it("holds only what one name or one source said, where that is asked for", async () => {
    const store = memoryStore();
    await record(store, TIMES.slice(0, 5));
    const facts = await record(store, TIMES.slice(5, 10), "leaked");
    expect(await exported(store, { reportedBy: "leaked" })).toEqual(inOrder(facts));
    expect(await exported(store, { source: "/other" })).toEqual([]);
    expect(await exported(store, { source: "/test" })).toHaveLength(10);
  });

  it("goes on after any fact that was delivered", async () => {
    const store = memoryStore();
    const facts = inOrder(await record(store, TIMES));
    for (const [n, fact] of facts.entries()) {
      expect(await exported(store, goingOn(fact))).toEqual(facts.slice(n + 1));
    }
  });

  it("never begins before `from`, wherever an earlier one ended", async () => {
    const store = memoryStore();
    const facts = inOrder(await record(store, TIMES));
    expect(await exported(store, { from: day(20), ...goingOn(facts[0]) })).toHaveLength(2);
  });

  it("asks for each shard of a day, and for no day on which nothing was recorded", async () => {
    const { store, count } = counted(memoryStore());
    await exported(store, { from: "1970-01-01T00:00:00.000Z" });
    expect(count.queries).toBe(0);
    await record(store, [day(10), day(20)]);
    await exported(store, { from: "1970-01-01T00:00:00.000Z", to: day(30) });
    expect(count.queries).toBe(SHARDS * 2);
  });

  it("reads a page of each shard ahead, and no more", async () => {
    const times = Array.from({ length: 1000 }, (_, n) => new Date(Date.parse(day(2)) + n).toISOString());
    const { store, count } = counted(memoryStore());
    await record(store, times);
    const facts = exportFacts(store, OCTOBER);
    await facts.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(count.pages).toBe(SHARDS * 2);
    await facts.return(undefined);
  });

  it("breaks off where the store fails, and leaves nothing behind where its reader stops", async () => {
    let asked = 0;
    const store = memoryStore({
      fault: (operation) => (operation === "queryRecorded" && ++asked > SHARDS * 3 ? "lost" : "none"),
    });
    await record(store, TIMES);
    await expect(exported(store)).rejects.toThrow();
    asked = SHARDS * 2;
    for await (const _ of exportFacts(store, { from: day(1, "00:00"), to: day(3) })) break;
  });
});
