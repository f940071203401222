import { afterAll, describe, expect, it } from "vitest";
import { OWN_KINDS } from "../../schemas/fact.ts";
import { type Answer, event, outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { BOUND, cleanUp, deployed, givenDoors, NOW, problemOf, SOON } from "./given.ts";

afterAll(cleanUp);

const HASH = expect.stringMatching(/^[0-9a-f]{64}$/);
const STRUCTURED = { "content-type": "application/cloudevents+json" };
const BATCH = { "content-type": "application/cloudevents-batch+json" };

/** The status of an answer, and what became of the one event in it. */
const told = (answer: Answer) => [answer.status, ...outcomesOf(answer)];

describe("one event", () => {
  it("is recorded, and the answer says when and as what", async () => {
    const answer = await givenDoors().client("writer").say(deployed("1"));
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.json).toEqual({
      outcomes: [
        {
          outcome: "recorded",
          source: "/test",
          id: "1",
          kind: "deployment.succeeded",
          recordedAt: SOON,
          statementHash: HASH,
          leafHash: HASH,
          requestId: answer.headers.get("x-request-id"),
        },
      ],
    });
  });

  it("is a duplicate when it comes again, with the time at which it was recorded", async () => {
    const { client, setNow } = givenDoors();
    await client().say(deployed("1"));
    setNow("2026-11-22T10:00:00.000Z");
    const answer = await client("writer").say(deployed("1"));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      outcomes: [
        {
          outcome: "duplicate",
          source: "/test",
          id: "1",
          kind: "deployment.succeeded",
          recordedAt: SOON,
          statementHash: HASH,
          leafHash: HASH,
          requestId: answer.headers.get("x-request-id"),
        },
      ],
    });
  });

  it("is ignored with a reason where it is known and not needed, and counted", async () => {
    const { client, ledger } = givenDoors();
    const other = { ...deployed("1"), type: "com.example.coffee.brewed" };
    const answer = await client().say(other);
    expect(told(answer)).toEqual([202, "ignored"]);
    expect(answer.text).toContain("com.example.coffee.brewed");
    expect([...(ledger.ignored?.values() ?? [])]).toEqual([1]);
  });

  it("is in conflict where another statement has its source and id, and kept aside whole", async () => {
    const { client, quarantine } = givenDoors();
    await client().say(deployed("1"));
    const other = deployed("1", "2026-10-21T00:00:00.000Z");
    const answer = await client("writer").say(other);
    expect(told(answer)).toEqual([409, "conflict"]);
    expect(problemOf(answer).detail).toMatch(/another id/);
    expect(answer.json).toMatchObject({ outcomes: [{ source: "/test", id: "1", recordedAt: SOON }] });
    expect(quarantine()).toEqual([
      expect.objectContaining({ why: "conflict", door: "events", reportedBy: "writer-1", event: other }),
    ]);
  });

  it("is rejected where it is not of the expected form, and kept aside whole", async () => {
    const { client, quarantine } = givenDoors();
    const wrong = deployed("1", undefined, {
      components: [{ component: "main", digest: "sha256:abc" }],
    });
    const answer = await client().say(wrong);
    expect(told(answer)).toEqual([422, "rejected"]);
    expect(problemOf(answer).detail).toContain("components.0.digest: must be a digest");
    expect(quarantine()).toEqual([expect.objectContaining({ why: "rejected", event: wrong })]);
    expect((await client().get("/v1/environments")).json).toMatchObject({ environments: [] });
  });

  it("is kept aside once however often it comes", async () => {
    const { client, quarantine } = givenDoors();
    const wrong = { ...deployed("1"), time: "yesterday" };
    for (let n = 0; n < 3; n++) expect((await client().say(wrong)).status).toBe(422);
    expect(quarantine()).toHaveLength(1);
  });

  it.each([
    ["ignored", { ...deployed("1"), type: "com.example.coffee.brewed" }],
    ["rejected", { ...deployed("1"), time: "yesterday" }],
    ["rejected", { ...deployed("1"), data: [] }],
  ])("that is %s is named by its source and id all the same", async (outcome, one) => {
    const answer = await givenDoors().client().say(one);
    expect(answer.json).toMatchObject({ outcomes: [{ outcome, source: "/test", id: "1" }] });
  });
});

describe("the forms of CloudEvents", () => {
  it("takes a structured event whose content type names a charset", async () => {
    const answer = await givenDoors()
      .client()
      .post("/v1/events", deployed("1"), { "content-type": "application/cloudevents+json; charset=UTF-8" });
    expect(told(answer)).toEqual([201, "recorded"]);
  });

  it("takes a binary event, and its structured form is a duplicate of it", async () => {
    const { client } = givenDoors();
    const { specversion, type, source, id, time, data } = deployed("déployé “1”");
    const attributes = { specversion, type, source, id, time };
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURIComponent(value)]),
    );
    expect(told(await client().post("/v1/events", data, headers))).toEqual([201, "recorded"]);
    expect(told(await client().say({ ...attributes, data }))).toEqual([200, "duplicate"]);
  });

  it("takes a batch and answers for each event, in order", async () => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    const answer = await client().sayAll([
      deployed("2"),
      deployed("1"),
      deployed("1", "2026-10-21T00:00:00.000Z"),
      { ...deployed("3"), type: "com.example.coffee.brewed" },
      { ...deployed("4"), time: "yesterday" },
      "no event at all",
      { ...deployed("5"), source: "/webhooks/github" },
    ]);
    expect(answer.status).toBe(200);
    expect(outcomesOf(answer)).toEqual([
      "recorded",
      "duplicate",
      "conflict",
      "ignored",
      "rejected",
      "rejected",
      "rejected",
    ]);
  });

  it("takes the same event twice in one batch once", async () => {
    const answer = await givenDoors()
      .client()
      .sayAll([deployed("1"), deployed("1")]);
    expect(outcomesOf(answer).sort()).toEqual(["duplicate", "recorded"]);
  });

  it("takes a batch without events", async () => {
    const answer = await givenDoors().client().sayAll([]);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ outcomes: [] });
  });

  it.each(["application/json", "text/plain", "application/cloudevents+avro", ""])(
    "is not understood as %j without attributes in headers",
    async (type) => {
      const answer = await givenDoors().client().post("/v1/events", deployed("1"), { "content-type": type });
      expect(problemOf(answer)).toMatchObject({
        status: 415,
        detail: expect.stringContaining("application/cloudevents+json"),
      });
    },
  );

  it.each([
    ["no JSON", '{"specversion":', STRUCTURED],
    ["nothing", "", STRUCTURED],
    ["a batch that is no array", "{}", BATCH],
    ["an object that can be no text", '[{"id":{"length":{"toString":1}}}]', BATCH],
    ["JSON that nests deeper than 32", `${"[".repeat(33)}${"]".repeat(33)}`, BATCH],
    ["a header that is no percent-encoding", "{}", { "ce-specversion": "1.0", "ce-id": "%E0%A4" }],
    ["a binary event whose data are no JSON", "{", { "ce-specversion": "1.0" }],
  ])("is refused and kept aside whole where it holds %s", async (_, body, headers) => {
    const { client, quarantine } = givenDoors();
    const answer = await client("writer").post("/v1/events", body, headers);
    expect(problemOf(answer).status).toBe(400);
    expect(quarantine()).toEqual([
      expect.objectContaining({ why: "malformed", door: "events", reportedBy: "writer-1", event: body }),
    ]);
  });

  it("takes data that nest 32 deep no further than their schema", async () => {
    const deep: unknown = JSON.parse(`${"[".repeat(29)}${"]".repeat(29)}`);
    const answer = await givenDoors()
      .client()
      .say({ ...deployed("1"), data: { deep } });
    expect(told(answer)).toEqual([422, "rejected"]);
  });
});

describe("what is too much", () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => deployed(String(i)));

  it("takes 500 events at once", async () => {
    const answer = await givenDoors().client().sayAll(many(500));
    expect(new Set(outcomesOf(answer))).toEqual(new Set(["recorded"]));
  });

  it("refuses 501 events, records none, and names the limit", async () => {
    const { client } = givenDoors();
    const answer = await client().sayAll(many(501));
    expect(problemOf(answer)).toMatchObject({ status: 413, detail: expect.stringContaining("500") });
    expect(outcomesOf(await client().say(deployed("0")))).toEqual(["recorded"]);
  });

  const LIMIT = 1024 * 1024;
  const filler = (bytes: number) => `[${" ".repeat(bytes - 2)}]`;
  /** A body of which no header says how long it is. */
  const chunked = (body: string) => ({
    method: "POST",
    headers: BATCH,
    body: ReadableStream.from(
      Array.from({ length: Math.ceil(body.length / 65_536) }, (_, n) =>
        new TextEncoder().encode(body.slice(n * 65_536, (n + 1) * 65_536)),
      ),
    ),
    duplex: "half" as const,
  });

  it("takes a body of 1 MiB", async () => {
    const { client } = givenDoors();
    expect((await client().post("/v1/events", filler(LIMIT), BATCH)).status).toBe(200);
    expect((await client().send("/v1/events", chunked(filler(LIMIT)))).status).toBe(200);
  });

  it.each(["/v1/events", "/v1/webhooks/distribution", "/v1/webhooks/github", "/v1/retractions"])(
    "refuses a larger one at %s and names the limit, whether or not its length is said",
    async (path) => {
      const { client } = givenDoors();
      const body = filler(LIMIT + 1);
      const said = await client().post(path, body, { ...BATCH, "content-length": String(body.length) });
      const unsaid = await client().send(path, chunked(body));
      for (const answer of [said, unsaid]) {
        expect(problemOf(answer)).toMatchObject({ status: 413, detail: expect.stringContaining("1048576") });
      }
    },
  );

  it("refuses a fact of more than 60,000 bytes, and keeps it aside", async () => {
    const { client, quarantine } = givenDoors();
    const versions = Array.from({ length: 1000 }, (_, n) => ({ version: `${n}`.padStart(200, "0") }));
    const data = { environment: "production", database: "billing", mode: "set", versions };
    const answer = await client().say(event("migration.snapshot", "1", NOW, data));
    expect(told(answer)).toEqual([422, "rejected"]);
    expect(problemOf(answer).detail).toContain("60000");
    expect(quarantine()).toHaveLength(1);
  });
});

describe("what a sender may not say", () => {
  it.each([
    "v",
    "recordedAt",
    "reportedBy",
    "statementHash",
    "rawHash",
    "timeFrom",
    "kind",
    "source",
    "id",
    "occurredAt",
  ])("is %s: the ledger's, or the event's own", async (field) => {
    const answer = await givenDoors()
      .client()
      .say(deployed("1", undefined, { [field]: NOW }));
    expect(told(answer)).toEqual([422, "rejected"]);
    expect(problemOf(answer).detail).toContain(`data.${field}`);
  });

  const built = (more: object) =>
    event("artifact.built", "1", NOW, {
      digest: digestOf("1"),
      commit: { repository: "https://github.com/acme/billing", sha: "a".repeat(40) },
      ...more,
    });

  it.each([
    { evidence: "slsa" },
    { evidence: "oidc", verified: true },
    { verified: true },
    { verified: false },
  ])("is that something was verified: %j", async (claim) => {
    const answer = await givenDoors().client().say(built(claim));
    expect(told(answer)).toEqual([422, "rejected"]);
  });

  it("is declared where it says nothing of its evidence", async () => {
    const { client, ledger } = givenDoors();
    await client().say(built({}));
    const [fact] = await ledger.store.get([{ source: "/test", id: "1" }]);
    expect(fact).toMatchObject({ evidence: "declared" });
  });

  it.each([
    ["a field that is not known", deployed("1", undefined, { colour: "blue" })],
    ["an event without a time", { ...deployed("1"), time: undefined }],
    ["a time without a zone", { ...deployed("1"), time: "2026-10-20T08:11:00" }],
    ["a time more than ten minutes ahead", deployed("1", "2026-11-22T09:10:01.000Z")],
    ["an event of a kind that there is not", { ...deployed("1"), type: "dev.asof.deployment.dreamt.v1" }],
    ["an event of a version to come", { ...deployed("1"), type: "dev.asof.deployment.succeeded.v2" }],
    ["a CloudEvent of another version", { ...deployed("1"), specversion: "0.3" }],
    ["a link with credentials", deployed("1", undefined, { url: "https://me:secret@ci.example/1" })],
    ["a source with space in it", { ...deployed("1"), source: "/ci/acme billing" }],
  ])("is %s", async (_, one) => {
    const { client, quarantine } = givenDoors();
    const answer = await client().say(one);
    expect(told(answer)).toEqual([422, "rejected"]);
    expect(answer.text).not.toContain("me:secret");
    expect(quarantine()).toHaveLength(1);
  });

  it("takes a time up to ten minutes ahead", async () => {
    expect(told(await givenDoors().client().say(deployed("1", "2026-11-22T09:10:00.000Z")))).toEqual([
      201,
      "recorded",
    ]);
  });

  it.each(["/webhooks/github/acme", "/webhooks/", "/asof/marks"])(
    "is anything under the ledger's own source %s",
    async (source) => {
      const { client, quarantine } = givenDoors();
      const answer = await client("admin").say({ ...deployed("1"), source });
      expect(told(answer)).toEqual([403, "rejected"]);
      expect(problemOf(answer).detail).toContain("/webhooks/");
      expect(quarantine()).toHaveLength(1);
    },
  );

  it.each([...OWN_KINDS])("is %s, which only the ledger's own endpoints say", async (kind) => {
    const answer = await givenDoors()
      .client("admin")
      .say(event(kind, "1", NOW, {}));
    expect(told(answer)).toEqual([403, "rejected"]);
    expect(problemOf(answer).detail).toContain(kind);
  });
});

describe("a token that is bound", () => {
  const bound = (source: string, environment: string) => ({
    ...deployed(`${source} ${environment}`, undefined, { environment }),
    source,
  });

  it("speaks for its own source and environments, whatever their case", async () => {
    const { stranger } = givenDoors();
    expect(told(await stranger(BOUND).say(bound("/ci/acme/billing", "staging")))).toEqual([201, "recorded"]);
    expect(told(await stranger(BOUND).say(bound("/ci/acme", "REVIEW/feature-x")))).toEqual([201, "recorded"]);
  });

  it.each([
    ["another source", bound("/ci/other", "staging"), "/ci/acme"],
    ["another environment", bound("/ci/acme/billing", "production"), "Staging"],
  ])("may not speak for %s", async (_, one, names) => {
    const { stranger, quarantine } = givenDoors();
    const answer = await stranger(BOUND).say(one);
    expect(told(answer)).toEqual([403, "rejected"]);
    expect(problemOf(answer).detail).toContain(names);
    expect(quarantine()).toEqual([
      expect.objectContaining({ why: "rejected", reportedBy: "bound", event: one }),
    ]);
  });

  it("may not speak for a source that only begins with the same letters", async () => {
    const answer = await givenDoors().stranger(BOUND).say(bound("/ci/acme-evil", "staging"));
    expect(told(answer)).toEqual([403, "rejected"]);
  });

  it("is answered event by event in a batch", async () => {
    const answer = await givenDoors()
      .stranger(BOUND)
      .sayAll([bound("/ci/acme", "staging"), bound("/ci/acme", "production")]);
    expect(told(answer)).toEqual([200, "recorded", "rejected"]);
  });
});

describe("a retraction", () => {
  const target = { source: "/test", id: "1" };
  const reason = "it never happened";

  it("takes a fact out of every answer, once, and stays", async () => {
    const { client, setNow } = givenDoors();
    await client().say(deployed("1"));
    expect(told(await client().post("/v1/retractions", { ...target, reason }))).toEqual([201, "recorded"]);
    setNow("2026-11-22T10:00:00.000Z");
    expect(told(await client().post("/v1/retractions", { ...target, reason }))).toEqual([200, "duplicate"]);
    expect(told(await client().say(deployed("1")))).toEqual([200, "duplicate"]);
    const place = { environment: "production", service: "acme/billing" };
    expect((await client().get("/v1/release", place)).json).toMatchObject({ status: "unknown" });
    const before = { ...place, knownAt: "2026-11-22T08:59:59.999Z" };
    expect((await client().get("/v1/release", before)).status).toBe(404);
  });

  it("conflicts with one of the same fact for another reason", async () => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    await client().post("/v1/retractions", { ...target, reason });
    const answer = await client().post("/v1/retractions", { ...target, reason: "a change of mind" });
    expect(told(answer)).toEqual([409, "conflict"]);
  });

  it("needs a fact that is there", async () => {
    const answer = await givenDoors()
      .client()
      .post("/v1/retractions", { ...target, reason });
    expect(told(answer)).toEqual([422, "rejected"]);
    expect(problemOf(answer).detail).toContain("no fact has source /test and id 1");
  });

  it("cannot itself be retracted", async () => {
    const { client } = givenDoors();
    await client().say(deployed("1"));
    const first = await client().post("/v1/retractions", { ...target, reason });
    expect(first.json).toMatchObject({ outcomes: [{ source: "/asof/retractions" }] });
    const id = /"id":"([0-9a-f]{64})"/.exec(first.text)?.[1];
    const answer = await client().post("/v1/retractions", { source: "/asof/retractions", id, reason });
    expect(told(answer)).toEqual([422, "rejected"]);
  });

  it.each([
    ["no JSON", "{", 400],
    ["no reason", target, 422],
    ["a reason that is empty", { ...target, reason: "" }, 422],
    ["more than is asked for", { ...target, reason, force: true }, 422],
  ])("is refused where it holds %s", async (_, body, status) => {
    expect(problemOf(await givenDoors().client().post("/v1/retractions", body)).status).toBe(status);
  });
});
