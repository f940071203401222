/** What stands beside a fact that never came, and index entries of items that are gone, are never answered. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { append } from "../../functions/ledger/append.ts";
import { environments } from "../../functions/ledger/environments.ts";
import { postings } from "../../functions/ledger/postings.ts";
import { release } from "../../functions/ledger/release.ts";
import { snapshot } from "../../functions/ledger/snapshot.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import { timeline } from "../../functions/ledger/timeline.ts";
import { dynamodbStore } from "../../functions/store/dynamodb.ts";
import { type Engine, startEngine } from "../../functions/store/embedded.ts";
import { recordedPartitions } from "../../functions/store/keys.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, type Given, given, retracted, said } from "../ledger/given.ts";
import { memoryPeople } from "./memory-people.ts";
import { drained, keep, put, taken } from "./stores.ts";

const HERE = { environment: "production", service: "acme/billing" };
const own = (fields: object) => ({
  ...HERE,
  deployment: { provider: "test", instance: "here", id: "1" },
  ...fields,
});

const indexOf = (image: string): Statement =>
  said("artifact.indexed", day(10), {
    digest: digestOf(image),
    manifests: [{ digest: digestOf(`${image} amd64`), configDigest: digestOf(`${image} config`) }],
  });
const pushed = (image: string): Statement =>
  said("artifact.pushed", day(10), {
    repository: "ghcr.io/acme/billing",
    digest: digestOf(image),
    tag: "1.4",
  });
const threeComponents = (at: string, ...images: readonly [string, string]): Statement =>
  said(
    "deployment.succeeded",
    at,
    own({
      components: [
        { component: "web", digest: digestOf(`${images[0]} amd64`) },
        { component: "worker", digest: digestOf(`${images[1]} config`) },
        { component: "cron" },
      ],
      cluster: "eu-1",
    }),
  );

const A = indexOf("a");
const B = indexOf("b");
const RUNS = threeComponents(day(12), "a", "b");
const TOLD = [pushed("a"), A, pushed("a amd64"), pushed("b"), RUNS];

/** Statements whose fact is lost for good, after what stands beside it was put. */
const LOST: readonly { what: string; statement: Statement }[] = [
  { what: "the index of an image that runs", statement: B },
  { what: "that this index was wrong", statement: retracted(A) },
  { what: "that this deployment was wrong", statement: retracted(RUNS) },
  { what: "a deployment of two images", statement: threeComponents(day(13), "b", "a") },
  {
    what: "a deployment of one component",
    statement: said(
      "deployment.succeeded",
      day(13),
      own({ scope: "components", components: [{ component: "web" }] }),
    ),
  },
  {
    what: "a task of another image",
    statement: said("task.observed", day(13), { ...own({}), component: "cron", digest: digestOf("c") }),
  },
];

describe("a fact that was lost after what stands beside it was put", () => {
  /** Puts what stands beside a fact, and loses the fact. */
  async function lose(ledger: Given, statement: Statement): Promise<void> {
    const put = () => Promise.reject(new StoreError("unavailable", "the store did not answer"));
    const store: Store = { ...ledger.store, put };
    const appending = {
      store,
      rules: [],
      now: () => new Date(day(21)),
      heard: new Set<string>(),
      people: memoryPeople(),
    };
    const outcome = append(appending, statement, { reportedBy: "ci", vendor: "events" });
    await expect(outcome).rejects.toThrow(StoreError);
  }

  const answers = async (ledger: Given) => {
    const moment = ledger.at(day(20));
    return {
      release: await release(moment, HERE),
      snapshot: await snapshot(moment, { environment: "production" }),
      environments: await environments(moment),
      timeline: await timeline(moment, { environment: "production", from: day(1), to: day(20) }),
    };
  };

  it.each(LOST)("leaves no trace in any answer: $what", async ({ statement }) => {
    const ledger = await given(...TOLD);
    const before = await answers(ledger);
    await lose(ledger, statement);
    expect(await answers(ledger)).toEqual(before);
    // And would leave one, had it come.
    await ledger.tell(statement);
    expect(await answers(ledger)).not.toEqual(before);
  });

  it("leaves of the first fact of a service a name, and nothing that is said of it", async () => {
    const ledger = await given(...TOLD);
    const before = await answers(ledger);
    for (const environment of ["production", "staging"]) {
      await lose(ledger, deployed(environment, "acme/new", "a", day(13)));
      expect(await release(ledger.at(day(20)), { environment, service: "acme/new" })).toMatchObject({
        status: "unknown",
        components: [],
        deployment: null,
        facts: [],
      });
    }
    const after = await answers(ledger);
    expect(after.environments.environments.map(({ environment }) => environment)).toEqual(["production"]);
    expect([after.release, after.timeline]).toEqual([before.release, before.timeline]);
  });
});

describe("an index entry of the embedded engine whose item is gone", () => {
  let folder: string;
  let engine: Engine | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "asof-orphans-"));
  });
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<{ trusting: Store; careful: Store }> {
    engine = await startEngine(folder);
    const table = { client: engine.client, name: engine.table };
    return { trusting: dynamodbStore(table), careful: dynamodbStore({ ...table, mayOrphan: true }) };
  }

  /** Takes items away, and leaves the index entries: what a kill between the engine's two writes leaves. */
  async function loseItems(isLost: (item: string) => boolean): Promise<number> {
    await engine?.stop();
    engine = undefined;
    const database = new ClassicLevel(join(folder, "table"));
    const keys: string[] = [];
    for await (const [key, item] of database.iterator()) {
      if (key.startsWith("item-asof~") && isLost(item)) keys.push(key);
    }
    await database.batch(keys.map((key) => ({ type: "del", key })));
    await database.close();
    return keys.length;
  }

  const digest = digestOf("a");
  const marked = (id: string): Fact =>
    taken({ kind: "release.marked", source: "/a", id, occurredAt: day(1), digest, verdict: "bad" });
  const [one, kept] = [marked("1"), marked("2")];
  const MARKS = { of: "mark", digest } as const;
  const isOfOne = (item: string): boolean => item.includes('F#/a#1"');

  const listed = async (store: Store, fact: Fact): Promise<Fact[]> => {
    const partitions = recordedPartitions(fact).filter(({ of }) => of === "recorded");
    const pages = partitions.map((partition) => store.queryRecorded(partition, { limit: 100 }));
    return (await Promise.all(pages)).flatMap(({ entries }) => [...entries]);
  };

  it("is not answered as a fact", async () => {
    const { careful } = await start();
    for (const fact of [one, kept]) await keep(careful, fact);
    expect(await loseItems(isOfOne)).toBe(1);
    const after = await start();
    const found = async (store: Store) =>
      (await store.query(MARKS, { limit: 100 })).entries.map(({ fact }) => fact);
    expect(new Set(await found(after.trusting))).toEqual(new Set([one, kept]));
    expect(await found(after.careful)).toEqual([kept]);
    expect(await listed(after.trusting, one)).toContainEqual(one);
    expect(await listed(after.careful, one)).not.toContainEqual(one);
    expect(await after.careful.get([one, kept])).toEqual([kept]);
  });

  it("does not pass for the fact that later takes its identity", async () => {
    const { careful } = await start();
    await keep(careful, one);
    await loseItems(isOfOne);
    const after = await start();
    const again: Fact = { ...one, recordedAt: "2026-11-23T09:00:00.000Z" };
    expect(await put(after.careful, again)).toBe("written");
    const found = await after.careful.query(MARKS, { limit: 100 });
    expect(found.entries).toEqual([{ fact: again, provisional: false }]);
    expect(await listed(after.careful, one)).toEqual([]);
    expect(await listed(after.careful, again)).toEqual([again]);
  });

  it("is not answered as a name or as a pointer, and pages go on behind it", async () => {
    const { careful } = await start();
    const indexed = taken({
      kind: "artifact.indexed",
      source: "/a",
      id: "3",
      occurredAt: day(3),
      digest: digestOf("index"),
      manifests: [{ digest }],
    });
    await keep(careful, indexed);
    for (const n of [1, 2, 3, 4]) await keep(careful, taken(deployed("production", `s${n}`, "a", day(n))));
    await loseItems((item) => item.includes('"P#') || /"N#[^"]*s[23]"/.test(item));
    const after = await start();
    const services = { of: "services", environment: "production" } as const;
    const names = await drained((range) => after.careful.names(services, range), { limit: 1 });
    expect(names.map(({ name }) => name)).toEqual(["s1", "s4"]);
    const [pointer] = postings(indexed).derived.flatMap((derived) =>
      derived.is === "pointer" ? derived.partition : [],
    );
    if (pointer === undefined) throw new Error("an index has pointers");
    expect((await after.trusting.query(pointer, { limit: 10 })).entries).toHaveLength(1);
    expect((await after.careful.query(pointer, { limit: 10 })).entries).toEqual([]);
  });
});
