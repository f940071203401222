/** Which facts an export holds, by which of their times, and what a spreadsheet gets of them. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { event } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, tokenOf } from "./given.ts";

afterAll(cleanUp);

const Line = z.looseObject({ id: z.string(), kind: z.string() });
let doors: GivenDoors;
const ask = (query: Record<string, string>) => doors.client("auditor").get("/v1/export", query);
const idsOf = async (query: Record<string, string>) =>
  (await ask({ from: "2026-11-22", ...query })).text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Line.parse(JSON.parse(line)).id)
    .sort();

const staging = { environment: "Staging", service: "acme/web" };
beforeEach(async () => {
  doors = givenDoors({
    rules: [{ match: { environment: "Staging" }, set: { group: "before" } }],
  });
  await doors.client("writer").sayAll([
    deployed("october"),
    deployed("staging", "2026-11-20T08:00:00.000Z", staging),
    event("migration.applied", "m1", "2026-11-21T08:00:00.000Z", {
      environment: "staging",
      database: "web",
      version: "20261121080000",
    }),
    event("artifact.pushed", "p1", "2026-11-21T08:00:00.000Z", {
      digest: digestOf("p"),
      repository: "ghcr.io/acme/web",
      tag: "1.10",
    }),
  ]);
  await doors.client().post("/v1/retractions", { source: "/test", id: "staging", reason: "a test" });
  doors.setNow("2026-11-22T12:00:00.000Z");
});

describe("an export", () => {
  it("is by the time of recording, or by that of the event", async () => {
    expect(await idsOf({ from: "2026-11-20", to: "2026-11-21" })).toEqual([]);
    expect(await idsOf({ from: "2026-11-20", to: "2026-11-21", by: "occurredAt" })).toEqual([
      "m1",
      "p1",
      "staging",
    ]);
    expect(await idsOf({ from: "2026-10-20", to: "2026-10-20", by: "occurredAt" })).toEqual(["october"]);
    expect(await idsOf({})).toHaveLength(5);
  });

  it("without facts says which time it went by, and how many facts go by the other", async () => {
    const span = { from: "2026-11-20", to: "2026-11-21" };
    for (const format of ["ndjson", "csv"]) {
      const { headers } = await ask({ ...span, format });
      expect([headers.get("x-asof-by"), headers.get("x-asof-by-other-time")]).toEqual(["recordedAt", "3"]);
    }
    const filtered = await ask({ ...span, kind: "migration.applied" });
    expect(filtered.headers.get("x-asof-by-other-time")).toBe("1");
    const other = await ask({
      from: "2026-11-22",
      to: "2026-11-22",
      by: "occurredAt",
      kind: "artifact.pushed",
    });
    expect([other.headers.get("x-asof-by"), other.headers.get("x-asof-by-other-time")]).toEqual([
      "occurredAt",
      "1",
    ]);
    expect((await ask({ from: "2026-11-22" })).headers.get("x-asof-by-other-time")).toBeNull();
  });

  it("is resumed by the time of recording alone", async () => {
    const cursor = "2026-11-22T09:00:00.000Z /test october";
    const refused = await ask({ from: "2026-11-22", by: "occurredAt", cursor });
    expect(problemOf(refused)).toMatchObject({
      status: 422,
      detail: expect.stringContaining("by=recordedAt"),
    });
  });

  it("holds what is of an environment, a group, a service or a kind, and what retracts it", async () => {
    const retraction = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await idsOf({ environment: "STAGING" })).toEqual([retraction, "m1", "staging"]);
    expect(await idsOf({ group: "Before" })).toEqual([retraction, "m1", "staging"]);
    expect(await idsOf({ service: "acme/WEB" })).toEqual([retraction, "staging"]);
    expect(await idsOf({ environment: "production" })).toEqual(["october"]);
    expect(await idsOf({ kind: "deployment.succeeded" })).toEqual(["october", "staging"]);
    expect(await idsOf({ kind: "deployment.succeeded,artifact.pushed", environment: "staging" })).toEqual([
      "staging",
    ]);
    expect(await idsOf({ environment: "nowhere" })).toEqual([]);
    for (const wrong of [{ kind: "no.such" }, { environment: "a", group: "b" }, { excel: "true" }])
      expect((await ask({ from: "2026-11-22", ...wrong })).status).toBe(422);
  });
});

describe("an export for a spreadsheet", () => {
  const table = async (more: Record<string, string>) => {
    const { text } = await ask({ from: "2026-11-22", format: "csv", ...more });
    const separator = more.excel === undefined ? "," : ";";
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(separator));
  };
  const COLUMNS = [
    ...["time", "environment", "service", "component", "image", "digest", "tag", "commit", "config revision"],
    ...["migration version", "verdict", "who", "approver", "url", "id", "log index"],
  ];

  it("has the columns that it wants first, and one row for each fact", async () => {
    const [head = [], ...rows] = await table({ kind: "deployment.succeeded" });
    expect(head.slice(0, 16)).toEqual(COLUMNS);
    const digest = digestOf("october");
    expect(rows.map((row) => row.slice(0, 6))).toEqual([
      [
        "2026-10-20T08:11:00.000Z",
        "production",
        "acme/billing",
        "main",
        `ghcr.io/acme/billing@${digest}`,
        digest,
      ],
      expect.arrayContaining(["Staging"]),
    ]);
  });

  it("shows a review's verdict and approver, a change's commit, a configuration's revision", async () => {
    await doors.client("writer").sayAll([
      event("evidence.attached", "e1", "2026-11-21T09:00:00.000Z", {
        commit: shaOf("c"),
        type: "review",
        verdict: "approved",
        by: "monalisa",
      }),
      deployed("config", "2026-11-21T09:00:00.000Z", {
        config: [{ repository: "https://github.com/acme/deploy", revision: "77aa01c" }],
      }),
    ]);
    doors.setNow("2026-11-22T13:00:00.000Z");
    const [head = [], ...rows] = await table({});
    const cell = (id: string, column: string) =>
      rows.find((row) => row[head.indexOf("id")] === id)?.[head.indexOf(column)];
    expect(cell("e1", "commit")).toBe(shaOf("c"));
    expect(cell("e1", "verdict")).toBe("approved");
    expect(cell("e1", "approver")).toMatch(/^person:/);
    expect(cell("config", "config revision")).toBe("77aa01c");
    expect(cell("p1", "image")).toBe(`ghcr.io/acme/web@${digestOf("p")}`);
    expect(cell("m1", "migration version")).toBe("20261121080000");
  });

  it("is one that Excel opens: semicolons, a byte order mark, and versions that stay texts", async () => {
    const response = await doors.app.request("/v1/export?from=2026-11-22&format=csv&excel=true", {
      headers: { authorization: `Bearer ${tokenOf("auditor")}` },
    });
    expect([...new Uint8Array(await response.arrayBuffer()).slice(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x74]);
    const [head = [], ...rows] = await table({ excel: "true" });
    expect(head.length).toBeGreaterThan(16);
    const cells = rows.flat();
    expect(cells).toContain('"=""20261121080000"""');
    expect(cells).toContain('"=""1.10"""');
  });

  it("runs nothing that somebody reported", async () => {
    await doors
      .client("writer")
      .sayAll(
        ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1"].map((id) => deployed(id, undefined, { environment: id })),
      );
    doors.setNow("2026-11-22T13:00:00.000Z");
    for (const more of [{}, { excel: "true" }])
      for (const cell of (await table(more)).flat())
        expect(cell).not.toMatch(/^"?([+\-@\uff1d]|=(?!""[\d.,eE+:-]*"""$))/);
  });
});
