/** Both ways a write fails, at each step of recording a fact: nothing is half-visible, a retry makes it whole. */
import { describe, expect, it } from "vitest";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { type Appending, append, type Outcome, retractionId } from "../../functions/ledger/append.ts";
import { all, type KnownAt } from "../../functions/ledger/fact-reader.ts";
import type { Partition, Store } from "../../functions/ledger/store.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { checkLedger } from "../check-ledger.ts";
import { day, digestOf, retracted, said } from "../ledger/given.ts";
import { type Fault, memoryStore } from "./memory.ts";
import { memoryPeople } from "./memory-people.ts";

const NOW = Date.parse("2026-11-22T09:00:00.000Z");
const FAILS = ["throttled", "lost", "written though failed"] as const;

interface Failing {
  readonly appending: Appending;
  readonly tell: (statement: Statement) => Promise<Outcome>;
  /** From now on the `nth` call of an operation, counted from 0, fails; once. */
  readonly fail: (operation: keyof Store, nth: number, fault: Fault) => void;
}

function failing(): Failing {
  let plan: { operation: keyof Store; left: number; fault: Fault } | undefined;
  let ms = NOW;
  const fault = (operation: keyof Store): Fault => {
    if (plan?.operation !== operation || plan.left-- > 0) return "none";
    const { fault } = plan;
    plan = undefined;
    return fault;
  };
  const store = memoryStore({ fault });
  const appending = {
    store,
    rules: [],
    now: () => new Date(ms++),
    heard: new Set<string>(),
    people: memoryPeople(),
  };
  return {
    appending,
    tell: (statement) => append(appending, statement, { reportedBy: "ci", vendor: "events" }),
    fail: (operation, nth, fault) => {
      plan = { operation, left: nth, fault };
    },
  };
}

const components = [
  { component: "web", digest: digestOf("web") },
  { component: "worker", digest: digestOf("worker") },
];
const deployment = said("deployment.succeeded", day(20), {
  environment: "production",
  service: "acme/billing",
  deployment: { provider: "test", instance: "here", id: "1" },
  components,
  scope: "components",
  cluster: "eu-1",
});
const index = said("artifact.indexed", day(19), {
  digest: digestOf("index"),
  manifests: [{ digest: digestOf("web"), configDigest: digestOf("config") }],
});
const migration = said("migration.applied", day(18), {
  environment: "production",
  database: "billing",
  version: "7",
  service: "acme/billing",
});
const STATEMENTS = [deployment, index, migration];

/** A fact as it would be recorded: what is counted of it does not depend on when that is. */
const asFact = (statement: Statement): Fact => ({
  ...statement,
  v: 1,
  recordedAt: new Date(NOW).toISOString(),
  reportedBy: "ci",
  statementHash: "0".repeat(64),
});

function partitionsOf(fact: Fact, target?: Fact): Partition[] {
  const { posted, derived } = accessPatternsOf(fact, target);
  return [...posted.partitions, ...derived.flatMap((one) => (one.is === "pointer" ? one.partition : []))];
}

/** In how many of a fact's partitions it is read, each time it is. */
async function sightings({ store }: Appending, fact: Fact): Promise<number> {
  const knowledge: KnownAt = { store, knownAt: "2027-01-01T00:00:00.000Z" };
  const found = await Promise.all(partitionsOf(fact).map((partition) => all(knowledge, partition)));
  return found.flat().filter(({ source, id }) => source === fact.source && id === fact.id).length;
}

function factOf(outcome: Outcome): Fact {
  if (outcome.outcome === "rejected") throw new Error(outcome.reason);
  return outcome.fact;
}

const derivedOf = (statement: Statement): number => accessPatternsOf(asFact(statement)).derived.length;
const cases = STATEMENTS.flatMap((statement) =>
  FAILS.map((fault) => ({ kind: statement.kind, statement, fault })),
);

describe("recording, where a write fails", () => {
  it.each(cases)(
    "shows nothing of a fact before it is put, and a retry records it: $kind, $fault",
    async ({ statement, fault }) => {
      const count = derivedOf(statement);
      expect(count).toBeGreaterThan(2);
      for (let nth = 0; nth < count; nth++) {
        const { appending, tell, fail } = failing();
        fail("derive", nth, fault);
        await expect(tell(statement)).rejects.toMatchObject({ name: "StoreError" });
        expect(await appending.store.get([statement])).toEqual([]);
        expect(await sightings(appending, asFact(statement))).toBe(0);
        const outcome = await tell(statement);
        expect(outcome.outcome).toBe("recorded");
        expect(await sightings(appending, factOf(outcome))).toBe(partitionsOf(factOf(outcome)).length);
        expect((await tell(statement)).outcome).toBe("duplicate");
        await checkLedger(appending.store, [factOf(outcome)], true);
        await expectAllNames(appending, factOf(outcome));
      }
    },
  );

  it.each(cases)(
    "shows a fact that is put wholly or not at all, and a retry says so: $kind, $fault",
    async ({ statement, fault }) => {
      const { appending, tell, fail } = failing();
      fail("put", 0, fault);
      await expect(tell(statement)).rejects.toMatchObject({ name: "StoreError" });
      const stored = await appending.store.get([statement]);
      const wasWritten = fault === "written though failed";
      expect(stored).toHaveLength(wasWritten ? 1 : 0);
      const places = partitionsOf(asFact(statement)).length;
      expect(await sightings(appending, asFact(statement))).toBe(wasWritten ? places : 0);
      const outcome = await tell(statement);
      expect(outcome.outcome).toBe(wasWritten ? "duplicate" : "recorded");
      expect(await appending.store.get([statement])).toEqual(wasWritten ? stored : [factOf(outcome)]);
      expect(await sightings(appending, factOf(outcome))).toBe(places);
      await checkLedger(appending.store, [factOf(outcome)], true);
    },
  );

  it.each(FAILS)(
    "tells a redelivery from a conflict also where the read after it failed first: %s",
    async (fault) => {
      const { appending, tell, fail } = failing();
      const recorded = await tell(deployment);
      const other = { ...deployment, url: "https://ci.example/8" };
      for (const [again, outcome] of [
        [deployment, "duplicate"],
        [other, "conflict"],
      ] as const) {
        fail("get", 0, fault);
        await expect(tell(again)).rejects.toMatchObject({ name: "StoreError" });
        expect(await tell(again)).toMatchObject({ outcome, fact: factOf(recorded) });
      }
      await checkLedger(appending.store, [factOf(recorded)], true);
    },
  );

  it("says recorded where a retry inside the client found its own write", async () => {
    const { appending } = failing();
    const { store } = appending;
    const retrying: Store = {
      ...store,
      put: async (posted) => {
        await store.put(posted);
        return store.put(posted);
      },
    };
    const receipt = { reportedBy: "ci", vendor: "events" };
    const outcome = await append({ ...appending, store: retrying }, deployment, receipt);
    expect(outcome.outcome).toBe("recorded");
    await checkLedger(store, [factOf(outcome)], true);
  });

  it("claims nothing of a fact that is said to be there and is not found", async () => {
    const { appending } = failing();
    const store: Store = { ...appending.store, put: async () => "taken" };
    const receipt = { reportedBy: "ci", vendor: "events" };
    await expect(append({ ...appending, store }, deployment, receipt)).rejects.toThrow(
      /the store reported that the identity/,
    );
  });
});

describe("taking a fact back, where a write fails", () => {
  const retractions = STATEMENTS.flatMap((statement) =>
    FAILS.map((fault) => ({ kind: statement.kind, target: statement, fault })),
  );

  it.each(retractions)(
    "hides it everywhere or nowhere, and a retry hides it: $kind, $fault",
    async ({ target, fault }) => {
      const retraction = retracted(target);
      const derived = accessPatternsOf(asFact(retraction), asFact(target)).derived.length;
      const steps = [
        { operation: "get" as const, nth: 0 },
        ...Array.from({ length: derived }, (_, nth) => ({ operation: "derive" as const, nth })),
        { operation: "put" as const, nth: 0 },
      ];
      for (const { operation, nth } of steps) {
        const { appending, tell, fail } = failing();
        const recorded = factOf(await tell(target));
        const places = partitionsOf(recorded).length;
        // Another process, that has heard of nothing yet, so that every step is taken.
        appending.heard.clear();
        fail(operation, nth, fault);
        await expect(tell(retraction)).rejects.toMatchObject({ name: "StoreError" });
        const isThere = operation === "put" && fault === "written though failed";
        expect(await sightings(appending, recorded)).toBe(isThere ? 0 : places);
        const outcome = await tell(retraction);
        expect(outcome.outcome).toBe(isThere ? "duplicate" : "recorded");
        expect(factOf(outcome).id).toBe(retractionId(target));
        expect(await sightings(appending, recorded)).toBe(0);
        await checkLedger(appending.store, [recorded, factOf(outcome)], true);
      }
    },
  );
});

/** Every name of a fact has to be in its directory, or the fact would not be found by it. */
async function expectAllNames({ store }: Appending, fact: Fact): Promise<void> {
  for (const one of accessPatternsOf(fact).derived) {
    if (one.is !== "name") continue;
    const { entries } = await store.names(one.directory, { limit: 100 });
    expect(entries.map(({ name }) => name)).toContain(one.name.name);
  }
}
