import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { append } from "../../functions/ledger/append.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { sources } from "../../functions/queries/sources.ts";
import { Sources } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { type Emulator, startEmulator } from "../store/emulator.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { day, pagesOf, retracted, said } from "./given.ts";

const aside = { where: "the folder aside", count: 0, newest: [] };

const from = (source: string): Statement =>
  said("environment.frozen", day(1), { environment: "production", source });

async function ledgerOf(store: Store, told: readonly (readonly [Statement, string])[]): Promise<Store> {
  const heard = new Set<string>();
  const people = memoryPeople();
  for (const [statement, recordedAt] of told) {
    const appending = { store, rules: [], now: () => new Date(recordedAt), heard, people };
    const outcome = await append(appending, statement, { reportedBy: "ci", vendor: "events" });
    expect(outcome.outcome).toBe("recorded");
  }
  return store;
}

async function listed(store: Store, knownAt: string): Promise<string[]> {
  const answer = Sources.parse(await sources({ store, knownAt }, {}, aside, {}));
  return answer.sources.map(
    ({ source, lastRecordedAt, facts }) =>
      `${source} ${lastRecordedAt.slice(8, 16)} ${facts.today} ${facts.week}`,
  );
}

const wrong = from("/b");
const told: readonly (readonly [Statement, string])[] = [
  [from("/a"), day(1)],
  [from("/a"), day(8, "00:00")],
  [from("/a"), day(14, "10:00")],
  [from("/a"), day(14, "11:00")],
  [from("/A"), day(14, "11:00")],
  [wrong, day(7)],
  [retracted(wrong), day(13)],
];

describe("the sources", () => {
  let engine: Emulator;
  beforeAll(async () => {
    engine = await startEmulator();
  });
  afterAll(() => engine.stop());

  const stores: Record<string, () => Store> = {
    "in memory": () => memoryStore(),
    "on DynamoDB": () => dynamodbStore({ client: engine.client, name: engine.table }),
  };

  it.each(Object.entries(stores))("are told with when and how much they last said, %s", async (_, open) => {
    const store = await ledgerOf(open(), told);
    expect(await listed(store, day(14))).toEqual([
      "/A 14T11:00 1 1",
      "/a 14T11:00 2 3",
      "/b 07T12:00 0 0",
      "/test 13T12:00 0 1",
    ]);
    expect(await listed(store, day(14, "10:30"))).toEqual([
      "/a 14T10:00 1 2",
      "/b 07T12:00 0 0",
      "/test 13T12:00 0 1",
    ]);
    expect(await listed(store, day(13, "00:00"))).toEqual(["/a 08T00:00 0 1", "/b 07T12:00 0 1"]);
    expect(await listed(store, day(1, "00:00"))).toEqual([]);
  });

  it("leave out one whose only fact was announced and never came", async () => {
    const store = memoryStore({ fault: (operation) => (operation === "put" ? "lost" : "none") });
    await expect(ledgerOf(store, [[from("/a"), day(1)]])).rejects.toThrow();
    expect(await listed(store, day(2))).toEqual([]);
  });

  it("are told beside what lies aside and what was ignored", async () => {
    const kept = { ...aside, count: null };
    const answer = await sources({ store: memoryStore(), knownAt: day(1) }, {}, kept, { "a pull": 7 });
    expect(Sources.parse(answer)).toEqual({
      knownAt: day(1),
      sources: [],
      keptAside: kept,
      ignored: { "a pull": 7 },
      next: null,
    });
  });

  it.each([1, 2, 3, 100])("are the same in pages of %i", async (limit) => {
    const names = ["/1", "/2", "/3", "/4", "/5"];
    const store = await ledgerOf(
      memoryStore(),
      names.map((name) => [from(name), day(1)] as const),
    );
    const known = { store, knownAt: day(2) };
    const pages = await pagesOf((cursor) => sources(known, { limit, cursor }, aside, {}));
    expect(pages.flatMap((page) => page.sources.map(({ source }) => source))).toEqual(names);
    expect(pages.length).toBe(Math.ceil(names.length / limit));
  });
});
