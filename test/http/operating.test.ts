/** What people say here: marks, freezes and their end. */
import { afterAll, describe, expect, it } from "vitest";
import type { Ledger } from "../../functions/http/context.ts";
import { append } from "../../functions/ledger/append.ts";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { all } from "../../functions/ledger/fact-reader.ts";
import type { Partition } from "../../functions/ledger/store.ts";
import { Freezes } from "../../schemas/redeployment.ts";
import type { Answer } from "../client.ts";
import { outcomesOf } from "../client.ts";
import { deployed, digestOf } from "../ledger/given.ts";
import { foundAs } from "../store/memory-people.ts";
import { cleanUp, type GivenDoors, givenDoors, problemOf, SOON } from "./given.ts";

afterAll(cleanUp);

const MARK = { digest: digestOf("1"), verdict: "bad", reason: "it loses invoices" };
const FREEZE = { environment: "Production", service: "acme/billing", reason: "quarter's end" };
const END = { environment: "Production", service: "acme/billing" };
const MARKS: Partition = { of: "mark", digest: MARK.digest };
const FREEZES: Partition = { of: "freeze", environment: "production", service: "acme/billing" };

const recorded = ({ ledger: { store } }: GivenDoors, partition: Partition) =>
  all({ store, knownAt: "9999" }, partition);

/** Doors of a ledger that knows the names. */
async function knowing(more: Partial<Ledger> = {}): Promise<GivenDoors> {
  const given = givenDoors(more);
  for (const environment of ["Production", "staging"]) {
    const statement = deployed(environment, "acme/billing", "1", "2026-11-01T08:00:00.000Z");
    await append(given.ledger, statement, { reportedBy: "ci", vendor: "events" });
  }
  return given;
}

const DOORS = [
  { path: "/v1/marks", body: MARK, kind: "release.marked", source: "/asof/marks", stands: MARKS },
  { path: "/v1/freezes", body: FREEZE, kind: "environment.frozen", source: "/asof/freezes", stands: FREEZES },
  {
    path: "/v1/freezes/end",
    body: END,
    kind: "environment.unfrozen",
    source: "/asof/freezes",
    stands: FREEZES,
  },
] as const;

describe.each(DOORS)("POST $path", ({ path, body, kind, source, stands }) => {
  it("records what the holder of the token says, at the moment when it is said", async () => {
    const given = await knowing();
    const answer = await given.client("operator").post(path, body);
    expect(answer.status).toBe(201);
    expect(outcomesOf(answer)).toEqual(["recorded"]);
    expect(await recorded(given, stands)).toMatchObject([
      {
        ...body,
        kind,
        source,
        occurredAt: SOON,
        timeFrom: "receipt",
        actor: await foundAs(given.ledger.people, { issuer: "/asof", login: "operator-1" }),
        reportedBy: "operator-1",
      },
    ]);
  });

  it("records it every time, unless a key says that it is the same request", async () => {
    const given = await knowing();
    const client = given.client("operator");
    const key = { "idempotency-key": "8e03978e-40d5" };
    const said: Answer[] = [];
    for (const headers of [{}, {}, key, key]) said.push(await client.post(path, body, headers));
    expect(said.map(({ status }) => status)).toEqual([201, 201, 201, 200]);
    const other = await client.post(path, { ...body, reason: "for another reason" }, key);
    expect(problemOf(other).status).toBe(409);
    const facts = await recorded(given, stands);
    expect(facts).toHaveLength(3);
    expect(new Set(facts.map(({ id }) => id)).size).toBe(3);
  });

  it("takes a request again by its key, which is the token's own", async () => {
    const { client } = await knowing();
    const key = { "idempotency-key": "1" };
    expect((await client("operator").post(path, body, key)).status).toBe(201);
    expect((await client("operator").post(path, body, key)).status).toBe(200);
    expect((await client("admin").post(path, body, key)).status).toBe(201);
  });

  it.each([
    ["no JSON", "{", {}, 400, "JSON"],
    ["nothing", {}, {}, 422, "environment|digest"],
    ["another field", { ...body, until: "2026-12-01" }, {}, 422, "until"],
    ["no reason at all", { ...body, reason: "" }, {}, 422, "reason"],
    ["a reason without end", { ...body, reason: "x".repeat(1025) }, {}, 422, "reason"],
    ["an empty key", body, { "idempotency-key": "" }, 422, "Idempotency-Key"],
    ["a key without end", body, { "idempotency-key": "x".repeat(257) }, 422, "Idempotency-Key"],
  ])("refuses %s, and records nothing", async (_, wrong, headers, status, why) => {
    const given = await knowing();
    const problem = problemOf(await given.client("operator").post(path, wrong, headers));
    expect(problem.status).toBe(status);
    expect(problem.detail).toMatch(new RegExp(why));
    expect(await recorded(given, stands)).toEqual([]);
  });
});

describe("a mark", () => {
  it.each([
    [{ ...MARK, verdict: "ugly" }, "verdict"],
    [{ ...MARK, digest: "latest" }, "digest"],
  ])("of %j is refused", async (wrong, why) => {
    const { client } = await knowing();
    expect(problemOf(await client("operator").post("/v1/marks", wrong))).toMatchObject({
      status: 422,
      detail: expect.stringContaining(why),
    });
  });

  it("stands in what is known of its image", async () => {
    const { client } = await knowing();
    await client("operator").post("/v1/marks", MARK);
    const { json } = await client("reader").get("/v1/artifact", { digest: MARK.digest });
    expect(json).toMatchObject({
      evidence: [{ type: "mark", verdict: "bad", by: "operator-1", reason: MARK.reason }],
    });
  });
});

describe("a freeze", () => {
  it("needs a reason, and its end does not", async () => {
    const { client } = await knowing();
    expect(problemOf(await client("operator").post("/v1/freezes", END)).detail).toContain("reason");
    expect((await client("operator").post("/v1/freezes/end", END)).status).toBe(201);
  });

  it("is not taken for its end, though both have one key and one body", async () => {
    const given = await knowing();
    const key = { "idempotency-key": "1" };
    expect((await given.client("operator").post("/v1/freezes", FREEZE, key)).status).toBe(201);
    expect((await given.client("operator").post("/v1/freezes/end", FREEZE, key)).status).toBe(409);
  });

  it("and its end stand on the timeline, with who and why", async () => {
    const { client } = await knowing();
    await client("operator").post("/v1/freezes", FREEZE);
    await client("operator").post("/v1/freezes/end", END);
    const { json } = await client("reader").get("/v1/timeline", {
      environment: "production",
      from: "2026-11-22",
    });
    expect(json).toMatchObject({
      entries: [
        { what: "running" },
        { what: "frozen", service: "acme/billing", by: "operator-1", reason: "quarter's end" },
        { what: "unfrozen", service: "acme/billing", by: "operator-1" },
      ],
    });
  });
});

describe("an operator who is bound to an environment", () => {
  const TOKEN = "bound-operator-that-nobody-may-see";
  const tokens = parseTokens(`operator:oncall:${TOKEN}:environments=staging`);
  const bound = async () =>
    (await knowing({ secrets: () => Promise.resolve({ tokens, webhooks: {} }) })).stranger(TOKEN);

  it.each(["/v1/freezes", "/v1/freezes/end"])("may say nothing of another at %s", async (path) => {
    const problem = problemOf(await (await bound()).post(path, FREEZE));
    expect(problem).toMatchObject({ status: 403, detail: expect.stringContaining("staging") });
    expect((await (await bound()).post(path, { ...FREEZE, environment: "Staging" })).status).toBe(201);
  });
});

describe("a name that nobody reported", () => {
  it.each([
    ["/v1/freezes", { ...FREEZE, environment: "Prodution" }, "environment Prodution"],
    ["/v1/freezes", { ...FREEZE, service: "acme/biling" }, "service acme/biling in environment Production"],
    ["/v1/freezes/end", { ...END, service: "acme/biling" }, "service acme/biling in environment Production"],
  ])("is refused at %s, with the nearest ones, unless it is to be created", async (path, body, what) => {
    const { client } = await knowing();
    const answer = await client("operator").post(path, body);
    expect(answer.json).toMatchObject({
      status: 404,
      detail: expect.stringContaining(`Not found: ${what} was not known by then. Nearest: `),
    });
    expect((await client("operator").post(path, { ...body, create: true })).status).toBe(201);
  });

  it("is refused as a digest, unless it is to be created", async () => {
    const { client } = await knowing();
    const mark = { ...MARK, digest: digestOf("2") };
    expect(problemOf(await client("operator").post("/v1/marks", mark))).toMatchObject({
      status: 404,
      detail: `Not found: no fact names the digest ${mark.digest}. Check it, or mark it all the same with create: true.`,
    });
    expect((await client("operator").post("/v1/marks", { ...mark, create: true })).status).toBe(201);
  });
});

describe("GET /v1/freezes", () => {
  it("lists what is frozen or will be: where, by whom, since when, why, and what is let through", async () => {
    const { client } = await knowing();
    const operator = client("operator");
    await operator.post("/v1/freezes", { environment: "staging", reason: "demo", allowRollbacks: true });
    await operator.post("/v1/freezes", FREEZE);
    await operator.post("/v1/freezes", {
      environment: "production",
      reason: "holidays",
      from: "2026-12-24T00:00:00Z",
      until: "2027-01-01T00:00:00Z",
    });
    await operator.post("/v1/freezes/end", { environment: "staging", digest: MARK.digest, reason: "INC-7" });
    const all = Freezes.parse((await client("reader").get("/v1/freezes")).json);
    expect(all.freezes).toMatchObject([
      {
        environment: "Production",
        service: "acme/billing",
        status: "active",
        since: SOON,
        until: null,
        by: "operator-1",
        reason: "quarter's end",
        exceptions: [],
      },
      {
        environment: "production",
        service: null,
        status: "scheduled",
        since: "2026-12-24T00:00:00.000Z",
        until: "2027-01-01T00:00:00.000Z",
      },
      {
        environment: "staging",
        allowsRollbacks: true,
        exceptions: [{ digest: MARK.digest, by: "operator-1", reason: "INC-7" }],
      },
    ]);
    await operator.post("/v1/freezes/end", { environment: "production" });
    await operator.post("/v1/freezes/end", { ...END });
    const query = { environment: "Production" };
    expect(Freezes.parse((await client("reader").get("/v1/freezes", query)).json).freezes).toEqual([]);
  });

  it("refuses a freeze that ends before it begins", async () => {
    const { client } = await knowing();
    const body = { ...FREEZE, from: "2026-12-24T00:00:00Z", until: "2026-12-23T00:00:00Z" };
    expect(problemOf(await client("operator").post("/v1/freezes", body)).detail).toBe(
      "until: must not be earlier than `from`",
    );
  });
});
