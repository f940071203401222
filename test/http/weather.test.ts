/** What is answered while the store, or the place aside, does not: nothing is acknowledged that is not there. */
import { afterAll, describe, expect, it } from "vitest";
import type { Store } from "../../functions/ledger/store.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import { Sources } from "../../schemas/answer.ts";
import { type Answer, outcomesOf } from "../client.ts";
import type { Fault } from "../store/memory.ts";
import { memoryStore } from "../store/memory.ts";
import { BOUND, cleanUp, deployed, givenDoors, problemOf, SECRETS } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const wrong = (id: string) => ({ ...deployed(id), time: "yesterday" });
const REGISTRY = { authorization: SECRETS.distribution[0] ?? "" };

function expectLater(answer: Answer): void {
  expect(problemOf(answer)).toMatchObject({ status: 503, detail: expect.stringContaining("again") });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(answer.text).not.toContain("outcomes");
}

const puts = (fault: Fault) => (operation: keyof Store) => (operation === "put" ? fault : "none");

describe("while the store does not answer", () => {
  it.each(["throttled", "lost"] as const)(
    "an event is not acknowledged, and is recorded when it comes again: %s",
    async (fault) => {
      const { client, setFault } = givenDoors();
      setFault(puts(fault));
      expectLater(await client().say(deployed("1")));
      setFault(() => "none");
      expect((await client().get("/v1/release", PLACE)).json).not.toMatchObject({ status: "running" });
      expect(outcomesOf(await client().say(deployed("1")))).toEqual(["recorded"]);
    },
  );

  it("an event may have been recorded all the same, and is a duplicate when it comes again", async () => {
    const { client, setFault } = givenDoors();
    setFault(puts("written though failed"));
    expectLater(await client().say(deployed("1")));
    setFault(() => "none");
    expect(outcomesOf(await client().say(deployed("1")))).toEqual(["duplicate"]);
  });

  it("a batch of which one event failed is not acknowledged, and the others are duplicates then", async () => {
    const { client, setFault } = givenDoors();
    const events = Array.from({ length: 40 }, (_, n) => deployed(String(n)));
    let puts = 0;
    setFault((operation) => (operation === "put" && ++puts === 20 ? "throttled" : "none"));
    expectLater(await client().sayAll(events));
    const outcomes = outcomesOf(await client().sayAll(events));
    expect(new Set(outcomes)).toEqual(new Set(["recorded", "duplicate"]));
    expect(outcomesOf(await client().sayAll(events))).toEqual(events.map(() => "duplicate"));
  });

  it("a webhook's sender is told to try again", async () => {
    const { stranger, setFault, quarantine } = givenDoors();
    setFault(() => "throttled");
    const body = {
      events: [
        {
          id: "1",
          timestamp: "2026-10-20T08:11:00Z",
          action: "push",
          target: {
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            digest: `sha256:${"a".repeat(64)}`,
            repository: "acme/billing",
            tag: "1",
          },
          request: { host: "registry.example" },
        },
      ],
    };
    expectLater(await stranger().post("/v1/webhooks/distribution", body, REGISTRY));
    expect(quarantine()).toEqual([]);
    setFault(() => "none");
    const answer = await stranger().post("/v1/webhooks/distribution", body, REGISTRY);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
  });

  it("a retraction is not acknowledged", async () => {
    const { client, setFault } = givenDoors();
    await client().say(deployed("1"));
    setFault(() => "throttled");
    expectLater(await client().post("/v1/retractions", { source: "/test", id: "1", reason: "a test" }));
  });

  it.each([
    ["/v1/release", PLACE],
    ["/v1/snapshot", { environment: "production" }],
    ["/v1/drift", { environment: "production" }],
    ["/v1/environments", {}],
    ["/v1/timeline", { environment: "production", from: "2026-10-01" }],
    ["/v1/diff", { environment: "production", from: "2026-10-01" }],
    ["/v1/artifact", { digest: `sha256:${"a".repeat(64)}` }],
    ["/v1/commit", { sha: "abcdef0" }],
    ["/v1/tag", { repository: "ghcr.io/acme/billing", tag: "1" }],
    ["/v1/sources", {}],
  ])("a question is not answered in part: %s", async (path, query) => {
    const { client, setFault } = givenDoors();
    await client().say(deployed("1"));
    for (const fault of ["throttled", "lost"] as const) {
      setFault(() => fault);
      expectLater(await client().get(path, query));
    }
  });

  it("says that it is up: it will answer again without being restarted", async () => {
    const { stranger, setFault } = givenDoors();
    setFault(() => "lost");
    expect((await stranger().get("/healthz")).status).toBe(200);
  });
});

describe("a fault of ours", () => {
  it.each([
    new Error("an error with an inner detail"),
    new StoreError("misconfigured", "an error with an inner detail"),
  ])("is logged, and told to nobody: %s", async (error) => {
    const store = { ...memoryStore(), names: () => Promise.reject(error) };
    const { client, logged } = givenDoors({ store });
    const answer = await client().get("/v1/environments");
    expect(problemOf(answer).status).toBe(500);
    expect(answer.text).not.toContain("inner detail");
    expect(logged()).toContain("inner detail");
  });
});

describe("keeping aside", () => {
  it("lists what lies there among the sources, newest first", async () => {
    const { client, setNow } = givenDoors();
    await client("writer").say(deployed("1"));
    await client("writer").say(wrong("2"));
    setNow("2026-11-22T09:30:00.000Z");
    await client("writer").say(deployed("1", "2026-10-21T00:00:00.000Z"));
    const { keptAside, sources } = Sources.parse((await client().get("/v1/sources")).json);
    // The ledger itself disputes the fact that the conflict contradicts.
    expect(sources.map(({ source, facts }) => [source, facts])).toEqual([
      ["/asof/disputes", { today: 1, week: 1 }],
      ["/test", { today: 1, week: 1 }],
    ]);
    expect(keptAside).toMatchObject({ where: ":memory:, table quarantine", count: 2 });
    expect(keptAside.newest.map(({ why, door }) => [why, door])).toEqual([
      ["conflict", "events"],
      ["rejected", "events"],
    ]);
  });

  it("counts what was ignored, by reason", async () => {
    const { client } = givenDoors();
    const other = { ...deployed("1"), type: "com.example.coffee.brewed" };
    await client().sayAll([other, other, { ...other, type: "com.example.tea.brewed" }]);
    const { ignored } = Sources.parse((await client().get("/v1/sources")).json);
    expect(Object.values(ignored ?? {}).sort()).toEqual([1, 2]);
  });

  it("keeps aside the same event once, however often it stands in a batch", async () => {
    const { client, quarantine } = givenDoors();
    const answer = await client().sayAll([wrong("1"), wrong("1"), wrong("2"), wrong("1")]);
    expect(answer.status).toBe(200);
    expect(outcomesOf(answer)).toEqual(["rejected", "rejected", "rejected", "rejected"]);
    expect(quarantine()).toHaveLength(2);
  });

  it("keeps aside the same body once, however many send it at once", async () => {
    const { stranger, quarantine } = givenDoors();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => stranger().post("/v1/webhooks/distribution", "{", REGISTRY)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(quarantine()).toHaveLength(1);
  });

  it("acknowledges nothing that it cannot keep", async () => {
    const { client, stranger, database } = givenDoors();
    database
      .prepare("CREATE TRIGGER full BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'full'); END")
      .run();
    for (const answer of [
      await client().say(wrong("1")),
      await client().sayAll([deployed("2"), wrong("1")]),
      await client().post("/v1/events", "{", { "content-type": "application/cloudevents+json" }),
      await stranger(BOUND).say(deployed("3")),
      await stranger().post("/v1/webhooks/distribution", "{", REGISTRY),
    ]) {
      expect(problemOf(answer).status).toBeGreaterThanOrEqual(500);
      expect(answer.text).not.toContain("outcomes");
    }
    database.prepare("DROP TRIGGER full").run();
    expect(outcomesOf(await client().sayAll([deployed("2"), wrong("1")]))).toEqual(["duplicate", "rejected"]);
  });
});
