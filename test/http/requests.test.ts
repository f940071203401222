import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { prometheusMetrics } from "../../functions/adapters/metrics/prometheus.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { work } from "../../functions/ledger/ingest/ingest.ts";
import { countingStore } from "../../functions/ledger/request-context.ts";
import { Outcomes } from "../../schemas/answer.ts";
import { memoryStore } from "../store/memory.ts";
import {
  BOUND,
  cleanUp,
  deployed,
  type GivenDoors,
  givenDoors,
  problemOf,
  SECRETS,
  tokenOf,
} from "./given.ts";

afterAll(cleanUp);

const Line = z.looseObject({ message: z.string() });
const linesOf = ({ logged }: GivenDoors) =>
  logged()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Line.parse(JSON.parse(line)))
    .filter(({ message }) => message === "request");

const given = () => givenDoors({ store: countingStore(memoryStore()) });

describe("a large answer", () => {
  const packed = async (path: string, query: Record<string, string>) => {
    const doors = given();
    await doors.client().say(deployed("1"));
    const headers = { authorization: `Bearer ${tokenOf("reader")}`, "accept-encoding": "gzip" };
    return doors.app.request(`${path}?${new URLSearchParams(query)}`, { headers });
  };

  it("is compressed, and a problem in its place is not: it can be read", async () => {
    const question = { environment: "production", from: "2026-10-01" };
    for (const path of ["/v1/history", "/v1/timeline"]) {
      const found = await packed(path, question);
      expect([found.status, found.headers.get("content-encoding")]).toEqual([200, "gzip"]);
      const bytes = Buffer.from(await found.arrayBuffer());
      expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({ environment: "production" });
      const missing = await packed(path, { ...question, environment: "prodution" });
      expect([missing.status, missing.headers.get("content-encoding")]).toEqual([404, null]);
      expect(await missing.json()).toMatchObject({ title: "Not found", instance: expect.any(String) });
    }
  });
});

describe("a request", () => {
  it("is one line in the log: who asked what, what was answered, and what it cost", async () => {
    const doors = given();
    const answer = await doors.client("writer").say(deployed("1"));
    expect(linesOf(doors)).toEqual([
      {
        message: "request",
        requestId: answer.headers.get("x-request-id"),
        name: "writer-1",
        role: "writer",
        method: "POST",
        route: "/v1/events",
        status: 201,
        ms: expect.any(Number),
        storeRequests: expect.any(Number),
        bytes: Buffer.byteLength(answer.text),
      },
    ]);
    expect(linesOf(doors)[0]?.storeRequests).toBeGreaterThan(1);
  });

  it("is a line as well where it is refused, with the name of a token that lacks the role", async () => {
    const doors = given();
    await doors.client("reader").say(deployed("1"));
    await doors.stranger("a-token-of-nobody").get("/v1/environments");
    await doors.client("reader").get("/v1/nothing/here");
    const told = linesOf(doors).map(({ name, status, route }) => [name, status, route]);
    expect(told).toEqual([
      ["reader-1", 403, "/v1/events"],
      [undefined, 401, "/v1/environments"],
      [undefined, 404, "none"],
    ]);
  });

  it("is told apart by path template, so that no secret, name or parameter stands in the log", async () => {
    const doors = given();
    await doors.stranger().post("/v1/webhooks/quay/a-secret-in-the-address", {});
    await doors.client("reader").get("/v1/redeployments/some-id", { at: "2026-01-01" });
    expect(linesOf(doors).map(({ route }) => route)).toEqual([
      "/v1/webhooks/:vendor/:secret",
      "/v1/redeployments/:id",
    ]);
    expect(doors.logged()).not.toMatch(/a-secret-in-the-address|some-id|2026-01-01/);
    expect(doors.logged()).not.toContain(tokenOf("reader"));
  });

  it("of a vendor is told by its webhook", async () => {
    const doors = given();
    const [authorization = ""] = SECRETS.distribution;
    await doors.stranger().post("/v1/webhooks/distribution", { events: [] }, { authorization });
    expect(linesOf(doors)[0]).toMatchObject({ name: "webhook:distribution", role: "webhook", status: 202 });
  });

  it("has an id of its own in the answer, in a problem and in the receipt of each fact", async () => {
    const doors = given();
    const answer = await doors.client().sayAll([deployed("1"), deployed("2")]);
    const id = answer.headers.get("x-request-id") ?? "";
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Outcomes.parse(answer.json).outcomes.map(({ requestId }) => requestId)).toEqual([id, id]);
    const asked = await doors.client().get("/v1/environments");
    expect(asked.headers.get("x-request-id")).not.toBe(id);
    const refused = await doors.client().get("/v1/release", { environment: "production" });
    expect(problemOf(refused).status).toBe(422);
    expect(refused.json).toMatchObject({
      instance: `urn:asof:request:${refused.headers.get("x-request-id")}`,
    });
  });
});

describe("an export", () => {
  it("is recorded as a fact: who took what, and the hash of what was sent", async () => {
    const doors = given();
    await doors.client().sayAll([deployed("1"), deployed("2")]);
    doors.setNow("2026-11-22T12:00:00.000Z");
    const answer = await doors.client("auditor").get("/v1/export", { from: "2026-11-22" });
    const id = answer.headers.get("x-request-id") ?? "";
    expect(linesOf(doors).at(-1)).toMatchObject({ route: "/v1/export", requestId: id, name: "auditor-1" });
    expect(linesOf(doors).at(-1)?.bytes).toBe(Buffer.byteLength(answer.text));
    const [job] = doors.jobs;
    if (job === undefined) throw new Error("nothing was put aside to be recorded");
    await work(doors.ledger, job);
    // Jobs may be done twice.
    await work(doors.ledger, job);
    expect(await doors.ledger.store.get([{ source: "/asof/exports", id }])).toMatchObject([
      {
        kind: "export.made",
        reportedBy: "auditor-1",
        from: "2026-11-22T00:00:00.000Z",
        count: 2,
        sha256: sha256(answer.text),
      },
    ]);
  });

  it("that breaks off is recorded with what was sent until then", async () => {
    const doors = given();
    await doors.client().sayAll([deployed("1")]);
    doors.setNow("2026-11-22T12:00:00.000Z");
    const response = await doors.app.request("/v1/export?from=2026-11-22", {
      headers: { authorization: `Bearer ${tokenOf("auditor")}` },
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(doors.jobs).toMatchObject([{ is: "record export", by: "auditor-1", count: 1 }]);
  });
});

describe("the metrics", () => {
  const measured = () => {
    const metrics = prometheusMetrics();
    return givenDoors({
      recorder: metrics,
      metrics: async () => ({ type: metrics.type, text: await metrics.text() }),
    });
  };

  it("count facts by kind, outcomes, what was quarantined, refusals and durations", async () => {
    const { client } = measured();
    await client().sayAll([deployed("1"), deployed("1"), { ...deployed("2"), type: "dev.asof.unknown.v1" }]);
    await client("reader").say(deployed("3"));
    const { text, headers } = await client("reader").get("/metrics");
    expect(headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'asof_facts_total{kind="deployment.succeeded"} 1',
      'asof_outcomes_total{outcome="duplicate"} 1',
      'asof_quarantined_total{why="rejected"} 1',
      'asof_refusals_total{status="403"} 1',
      'asof_request_duration_seconds_count{route="/v1/events"} 2',
    ]) {
      expect(text).toContain(line);
    }
  });

  it("are for whoever may ask about the whole ledger", async () => {
    const { client, stranger } = measured();
    expect((await stranger().get("/metrics")).status).toBe(401);
    expect((await client("writer").get("/metrics")).status).toBe(403);
    expect((await stranger(BOUND).get("/metrics")).status).toBe(403);
    expect((await client("auditor").get("/metrics")).status).toBe(200);
  });

  it("are in CloudWatch where the ledger is on AWS", async () => {
    expect(problemOf(await givenDoors().client("reader").get("/metrics")).detail).toContain("CloudWatch");
  });
});
