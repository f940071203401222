import { describe, expect, it } from "vitest";
import { append, type Outcome, type Receipt } from "../../functions/ledger/append.ts";
import { canonical, MAX_FACT_BYTES, sha256, statementHash } from "../../functions/ledger/canonical.ts";
import type { Rule } from "../../functions/ledger/names/naming-rules.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { type Fault, memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";

const deployment = EXAMPLES["deployment.succeeded"];
const push = EXAMPLES["artifact.pushed"];
const SHORT: Rule = { match: { service: "acme/*" }, set: { service: "$1", group: "prod" } };
const raw = (text: string) => ({ rawHash: sha256(text) });

interface Telling extends Partial<Receipt> {
  readonly rules?: readonly Rule[];
  readonly at?: string;
}

/** A ledger that is told things under any rules, by anyone, at any time. */
function ledger(fault: () => Fault = () => "none") {
  const store = memoryStore({ fault: (operation) => (operation === "put" ? fault() : "none") });
  const heard = new Set<string>();
  const people = memoryPeople();
  return {
    rawHashOf: store.rawHashOf,
    stored: async ({ source, id }: Statement) => (await store.get([{ source, id }]))[0],
    tell(statement: unknown, { rules = [], at = "2027-01-01T00:00:00.000Z", ...receipt }: Telling = {}) {
      const appending = { store, rules, heard, people, now: () => new Date(at) };
      return append(appending, statement, { reportedBy: "ci", vendor: "events", ...receipt });
    },
  };
}

const factOf = (outcome: Outcome): Fact => {
  if (outcome.outcome === "rejected") throw new Error(outcome.reason);
  return outcome.fact;
};

const LATER: Telling = { at: "2027-01-02T00:00:00.000Z" };

describe("the hash of a statement", () => {
  it.each<[string, Telling]>([
    ["naming rules", { rules: [SHORT] }],
    ["who reported it", { reportedBy: "another token" }],
    ["the door it came through", { vendor: "github" }],
    ["the vendor's event", raw("event")],
    ["when it was recorded", LATER],
  ])("does not depend on %s", async (_what, telling) => {
    const fact = factOf(await ledger().tell(deployment, telling));
    expect(fact.statementHash).toBe(statementHash(deployment));
    const { actor: _, ...impersonal } = deployment;
    expect(fact.statementHash).toBe(sha256(canonical(impersonal)));
  });

  it("does not depend on how a time and the fields were written", async () => {
    const other = Object.fromEntries(
      Object.entries({ ...deployment, occurredAt: "2026-10-20T10:11:00.0009+02:00" }).toReversed(),
    );
    expect(factOf(await ledger().tell(other)).statementHash).toBe(statementHash(deployment));
  });

  it("does not depend on a time that is only the receipt's", () => {
    const received = { ...push, timeFrom: "receipt" as const };
    expect(statementHash({ ...received, occurredAt: "2027-01-01T00:00:00.000Z" })).toBe(
      statementHash(received),
    );
    expect(statementHash(received)).not.toBe(statementHash(push));
  });

  it("does not depend on whom it names", () => {
    const evidence = EXAMPLES["evidence.attached"];
    const { actor: _, by: __, ...impersonal } = { ...evidence, by: "octocat" };
    for (const persons of [{}, { actor: "hubot" }, { by: "hubot" }, { actor: "mona", by: "octocat" }]) {
      expect(statementHash({ ...impersonal, ...persons })).toBe(sha256(canonical(impersonal)));
    }
  });

  it.each([
    ["time", { occurredAt: "2026-10-20T08:11:00.001Z" }],
    ["url", { url: "https://ci.example/8" }],
    ["environment's case", { environment: "Production" }],
    ["id", { id: "another" }],
  ])("depends on its %s", (_, change) => {
    expect(statementHash({ ...deployment, ...change })).not.toBe(statementHash(deployment));
  });
});

describe("a second delivery", () => {
  it.each<[string, object, Telling, Telling]>([
    ["as it was", {}, {}, {}],
    ["by another token", {}, {}, { reportedBy: "another token" }],
    ["under other rules", {}, {}, { rules: [SHORT] }],
    ["under no rules any more", {}, { rules: [SHORT] }, {}],
    ["in another envelope", {}, raw("event"), raw("another event")],
    ["by somebody else, as it is said now", { actor: "hubot" }, {}, {}],
    [
      "mapped in another way, from the same event",
      { url: "https://ci.example/8" },
      raw("event"),
      raw("event"),
    ],
  ])("%s is a duplicate", async (_, change, first, second) => {
    const one = ledger();
    const recorded = factOf(await one.tell(deployment, first));
    const outcome = await one.tell({ ...deployment, ...change }, { ...second, ...LATER });
    expect(outcome).toEqual({ outcome: "duplicate", fact: recorded });
    expect(await one.stored(deployment)).toEqual(recorded);
  });

  it.each<[string, Telling, Telling]>([
    ["from another event", raw("event"), raw("another event")],
    ["from no vendor", raw("event"), {}],
    ["from a vendor, after one from none", {}, raw("event")],
    ["from no vendor, twice", {}, {}],
  ])("that says something else, %s, is a conflict, and changes nothing", async (_, first, second) => {
    const one = ledger();
    const recorded = factOf(await one.tell(deployment, first));
    const kept = await one.rawHashOf(deployment);
    const other = { ...deployment, url: "https://ci.example/8" };
    const outcome = await one.tell(other, { ...second, ...LATER });
    expect(outcome).toEqual({
      outcome: "conflict",
      refused: expect.stringMatching(/^[0-9a-f]{64}$/),
      fact: recorded,
      reason: expect.stringContaining(recorded.recordedAt),
    });
    expect(factOf(outcome)).toMatchObject({ statementHash: statementHash(deployment) });
    expect(await one.rawHashOf(deployment)).toBe(kept);
    expect(kept === undefined).toBe(first.rawHash === undefined);
    expect(await one.stored(deployment)).toEqual(recorded);
  });

  it("under the same id of another source is another fact", async () => {
    const one = ledger();
    await one.tell(deployment);
    expect(await one.tell({ ...deployment, source: "/ci/acme/other" })).toMatchObject({
      outcome: "recorded",
    });
  });

  it("after a failure that was no failure finds what the first one wrote", async () => {
    const faults: Fault[] = ["written though failed"];
    const one = ledger(() => faults.shift() ?? "none");
    await expect(one.tell(deployment)).rejects.toThrow();
    expect(await one.tell(deployment, LATER)).toMatchObject({
      outcome: "duplicate",
      fact: { recordedAt: "2027-01-01T00:00:00.000Z" },
    });
  });

  it("after a failure that was one is recorded", async () => {
    const faults: Fault[] = ["lost"];
    const one = ledger(() => faults.shift() ?? "none");
    await expect(one.tell(deployment)).rejects.toThrow();
    expect(await one.stored(deployment)).toBeUndefined();
    expect(await one.tell(deployment, LATER)).toMatchObject({ outcome: "recorded" });
  });
});

describe("a fact", () => {
  /** A snapshot whose fact has just so many canonical bytes: rows of at most 255 letters fill it up. */
  async function snapshotOf(bytes: number): Promise<Statement> {
    const snapshot = { ...EXAMPLES["migration.snapshot"], versions: [{ version: "0" }] };
    const missing = bytes - Buffer.byteLength(canonical(factOf(await ledger().tell(snapshot))));
    const rows = Math.ceil(missing / 270);
    const overhead = ',{"version":""}'.length;
    const versions = Array.from({ length: rows }, (_, n) => ({
      version: "x".repeat(Math.floor(missing / rows) - overhead + (n < missing % rows ? 1 : 0)),
    }));
    return { ...snapshot, versions: [...snapshot.versions, ...versions] };
  }

  it("may have 60,000 canonical bytes", async () => {
    const outcome = await ledger().tell(await snapshotOf(60_000));
    expect(outcome).toMatchObject({ outcome: "recorded" });
    expect(Buffer.byteLength(canonical(factOf(outcome)))).toBe(MAX_FACT_BYTES);
  });

  it("may not have one more, and the reason says how long it is", async () => {
    const one = ledger();
    const statement = await snapshotOf(60_001);
    expect(await one.tell(statement)).toEqual({
      outcome: "rejected",
      reason: "is 60001 bytes long in canonical form; at most 60000 fit",
    });
    expect(await one.stored(statement)).toBeUndefined();
  });

  it("is measured in bytes, not in letters", async () => {
    const versions = Array.from({ length: 290 }, () => ({ version: "é".repeat(100) }));
    expect(await ledger().tell({ ...EXAMPLES["migration.snapshot"], versions })).toMatchObject({
      outcome: "rejected",
    });
  });

  it("is rejected as a whole where a field is wrong, and the reason names the field", async () => {
    const wrong = { ...deployment, components: [{ component: "main", digest: "latest" }] };
    expect(await ledger().tell(wrong)).toMatchObject({
      outcome: "rejected",
      reason: expect.stringMatching(/^components\.0\.digest: must be a digest/),
    });
    for (const nothing of [undefined, null, 1, "deployment", []]) {
      expect(await ledger().tell(nothing)).toMatchObject({ outcome: "rejected" });
    }
  });

  it("is refused to whoever may not say it, under the names it would be recorded with", async () => {
    const one = ledger();
    const sender = { name: "ci", services: ["acme/billing"] };
    expect(await one.tell(deployment, { rules: [SHORT], sender })).toEqual({
      outcome: "rejected",
      reason: "the token ci may only report for the services acme/billing",
      forbidden: true,
    });
    expect(await one.stored(deployment)).toBeUndefined();
    expect(await one.tell(deployment, { sender })).toMatchObject({ outcome: "recorded" });
  });
});
