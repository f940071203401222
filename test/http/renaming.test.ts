/** Renames of services and environments, as operators report them and as every question follows them. */
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { eventOf } from "../../schemas/event.ts";
import { hashOf } from "../../schemas/plan.ts";
import type { Answer } from "../client.ts";
import { deployed, digestOf, observed, said } from "../ledger/given.ts";
import { cleanUp, type GivenDoors, givenDoors, problemOf, tokenOf } from "./given.ts";

afterAll(cleanUp);

const at = (day: number, hour = "08") => `2026-11-${String(day).padStart(2, "0")}T${hour}:00:00.000Z`;
const OLD = { environment: "production", service: "acme/billing" };
const NEW = { environment: "prod.eu-1", service: "acme/payments" };

/** A service that was deployed before its rename, and by a pipeline that does not know of it afterwards. */
async function given(more: Parameters<typeof givenDoors>[0] = {}): Promise<GivenDoors> {
  const doors = givenDoors(more);
  await doors
    .client()
    .sayAll(
      [
        deployed("production", "acme/billing", "one", at(2)),
        deployed("production", "acme/billing", "two", at(12)),
        deployed("production", "acme/payments", "three", at(14)),
        said("migration.applied", at(2, "07"), { ...OLD, database: "billing", version: "1" }),
        said("service.described", at(1), { service: "acme/billing", owner: "team-billing" }),
      ].map(eventOf),
    );
  const operator = doors.client("operator");
  for (const what of ["environment", "service"] as const) {
    const body = { what, from: OLD[what], to: NEW[what], at: at(10) };
    expect((await operator.post("/v1/renames", body)).status).toBe(201);
  }
  return doors;
}

/** An answer without the times of asking. */
const timeless = ({ text }: Answer): object =>
  z.looseObject({}).parse(JSON.parse(text.replaceAll(/2026-11-22T09:00:00\.\d{3}Z/g, "now")));

const RENAMED = [
  { what: "environment", from: "production", to: "prod.eu-1", at: at(10) },
  { what: "service", from: "acme/billing", to: "acme/payments", at: at(10) },
];

describe("what was renamed", () => {
  it.each([
    ["/v1/release", { at: at(5) }],
    ["/v1/release", { at: at(13) }],
    ["/v1/release", {}],
    ["/v1/timeline", { from: at(1) }],
    ["/v1/changes", { before: at(13), window: "48h" }],
    ["/v1/plan", { at: at(5) }],
    ["/v1/plan", { last: "good" }],
    ["/v1/gate", { digest: digestOf("two") }],
    ["/v1/redeployments", {}],
  ])("is answered by its old name as by its new one, which the answer names: %s %j", async (path, query) => {
    const reader = (await given()).client("reader");
    const byNew = await reader.get(path, { ...NEW, ...query });
    const byOld = await reader.get(path, { ...OLD, ...query });
    expect([byNew.status, byOld.status]).toEqual([200, 200]);
    expect(timeless(byOld)).toEqual({ ...timeless(byNew), renamed: RENAMED });
    if (path !== "/v1/redeployments") expect(byNew.json).toMatchObject(NEW);
  });

  it.each([
    ["/v1/snapshot", { at: at(13) }],
    ["/v1/drift", { at: at(13) }],
    ["/v1/history", { from: at(1), to: at(20) }],
    ["/v1/diff", { from: at(5), to: at(13) }],
    ["/v1/services", { at: at(13) }],
    ["/v1/freezes", { at: at(13) }],
  ])("is one place, by the old name and the new: %s", async (path, query) => {
    const reader = (await given()).client("reader");
    const ask = (environment: string) => reader.get(path, { environment, ...query });
    const [byNew, byOld] = [await ask(NEW.environment), await ask(OLD.environment)];
    expect(timeless(byOld)).toEqual({ ...timeless(byNew), renamed: RENAMED.slice(0, 1) });
    expect(JSON.stringify(byNew.json)).not.toContain('"acme/billing"');
  });

  it("has one history", async () => {
    const reader = (await given()).client("reader");
    const { json } = await reader.get("/v1/timeline", { ...NEW, from: at(1), to: at(20) });
    expect(json).toMatchObject({
      entries: [
        { what: "migrated", at: at(2, "07"), service: "acme/payments" },
        { what: "deployed", at: at(2), service: "acme/payments" },
        { what: "deployed", at: at(12), service: "acme/payments" },
        { what: "deployed", at: at(14), service: "acme/payments" },
      ],
    });
    const release = await reader.get("/v1/release", { ...NEW, at: at(5) });
    expect(release.json).toMatchObject({
      ...NEW,
      components: [{ digest: digestOf("one") }],
      until: at(12),
      owner: "team-billing",
      migrations: [{ database: "billing", version: "1" }],
    });
    const artifact = await reader.get("/v1/artifact", { digest: digestOf("one") });
    expect(artifact.json).toMatchObject({ ran: [{ ...NEW, at: at(2), until: at(12) }] });
  });

  it("is listed by its new name alone", async () => {
    const reader = (await given()).client("reader");
    const [environments, services] = [await reader.get("/v1/environments"), await reader.get("/v1/services")];
    expect(environments.json).toMatchObject({ environments: [{ environment: "prod.eu-1", running: 1 }] });
    expect(services.json).toMatchObject({
      services: [{ service: "acme/payments", environments: ["prod.eu-1"], owner: "team-billing" }],
    });
  });

  it("is called as it was where the rename was not known yet", async () => {
    const { client, setNow } = await given();
    setNow("2026-11-23T09:00:00.000Z");
    const then = { at: at(5), knownAt: "2026-11-22T08:59:59.000Z" };
    expect((await client("reader").get("/v1/release", { ...NEW, ...then })).status).toBe(404);
  });

  it("keeps its freezes, and is frozen by either name", async () => {
    const { client } = await given();
    for (const place of [OLD, NEW]) {
      const answer = await client("operator").post("/v1/freezes", { ...place, reason: "quarter's end" });
      expect(answer.status).toBe(201);
    }
    const gate = await client("reader").get("/v1/gate", { ...NEW, digest: digestOf("two") });
    expect(gate.json).toMatchObject({ allowed: false });
    const { json } = await client("reader").get("/v1/freezes");
    expect(json).toMatchObject({ freezes: [NEW, NEW] });
    expect((await client("operator").post("/v1/freezes/end", OLD)).status).toBe(201);
    expect((await client("reader").get("/v1/freezes")).json).toMatchObject({ freezes: [] });
  });

  it("is redeployed by its old name, too", async () => {
    const { client } = await given({ executor: () => undefined });
    const question = { ...OLD, at: at(13) };
    const { json } = await client("reader").get("/v1/plan", question);
    const { hash: planHash, ...planned } = z.looseObject({ hash: z.string() }).parse(json);
    expect(hashOf(planned)).toBe(planHash);
    const body = {
      ...question,
      planHash,
      expectedCurrent: digestOf("three"),
      acceptConfiguration: true,
      reason: "it loses invoices",
    };
    const answer = await client("operator").post("/v1/redeployments", body, { "idempotency-key": "1" });
    expect(answer.json).toMatchObject({ redeployments: [NEW] });
  });
});

describe("grants", () => {
  it.each([
    ["services=acme/payments:environments=prod.eu-1"],
    ["services=acme/billing:environments=production"],
  ])("hold for what bears the name now: %s", async (grants) => {
    const { parseTokens } = await import("../../functions/ledger/authority/authority.ts");
    const token = "reader-token-that-nobody-may-see-1";
    const tokens = parseTokens(
      `reader:r:${token}:${grants},operator:o:${tokenOf("operator")},admin:a:${tokenOf("admin")}`,
    );
    const doors = await given({ secrets: () => Promise.resolve({ tokens, webhooks: {} }) });
    const release = await doors.stranger(token).get("/v1/release", { ...NEW, at: at(5) });
    expect(release.json).toMatchObject({ ...NEW, components: [{ digest: digestOf("one") }] });
    const gate = await doors.stranger(token).get("/v1/gate", { ...OLD, digest: digestOf("two") });
    expect(gate.status).toBe(200);
  });
});

describe("a name", () => {
  const release = async (doors: GivenDoors, service: string, day: number) => {
    const { json } = await doors.client("reader").get("/v1/release", {
      environment: "production",
      service,
      at: at(day),
    });
    return json;
  };

  it("that is given to another thing means that one from then on", async () => {
    const doors = givenDoors();
    const client = doors.client();
    await client.sayAll(
      [
        deployed("production", "billing", "one", at(2)),
        deployed("production", "invoices", "other", at(3)),
        deployed("production", "billing", "two", at(6)),
        deployed("production", "billing", "another", at(9)),
        observed("production", "billing", "another", at(9, "10")),
      ].map(eventOf),
    );
    for (const [from, to, day] of [
      ["billing", "payments", 5],
      ["invoices", "billing", 8],
      ["payments", "money", 9],
    ] as const)
      await client.post("/v1/renames", { what: "service", from, to, at: at(day) });
    expect(await release(doors, "money", 3)).toMatchObject({ components: [{ digest: digestOf("one") }] });
    expect(await release(doors, "money", 20)).toMatchObject({ components: [{ digest: digestOf("two") }] });
    expect(await release(doors, "payments", 20)).toMatchObject({ service: "money" });
    expect(await release(doors, "billing", 7)).toMatchObject({ components: [{ digest: digestOf("other") }] });
    expect(await release(doors, "billing", 20)).toMatchObject({
      components: [{ digest: digestOf("another") }],
    });
    expect((await client.get("/v1/services", { environment: "production" })).json).toMatchObject({
      services: [{ service: "billing" }, { service: "money" }],
    });
  });

  it("that was given back is the thing's own again, and a retracted rename is none", async () => {
    const doors = givenDoors();
    const client = doors.client();
    await client.sayAll([deployed("production", "billing", "one", at(2))].map(eventOf));
    const rename = (from: string, to: string, day: number) =>
      client.post("/v1/renames", { what: "service", from, to, at: at(day) });
    await rename("billing", "payments", 5);
    await rename("payments", "billing", 6);
    expect(await release(doors, "billing", 3)).toMatchObject({ service: "billing", status: "running" });
    expect(await release(doors, "payments", 3)).toMatchObject({ service: "billing", status: "running" });
    const event = said("service.renamed", at(7), { from: "billing", to: "wrong" });
    expect((await doors.client("operator").say(eventOf(event))).status).toBe(201);
    expect(await release(doors, "billing", 3)).toMatchObject({ service: "wrong" });
    const { source, id } = event;
    await client.post("/v1/retractions", { source, id, reason: "a mistake" });
    expect(await release(doors, "billing", 3)).toMatchObject({ service: "billing" });
  });

  it.each([
    ["service", "acme/biling", ["acme/billing"]],
    ["environment", "prodution", ["production"]],
  ])(
    "of a %s that is not known is refused, with the nearest, unless it is said to be new",
    async (what, from, suggestions) => {
      const doors = givenDoors();
      await doors.client().sayAll([deployed("production", "acme/billing", "one", at(2))].map(eventOf));
      const body = { what, from, to: "another" };
      const refused = await doors.client("operator").post("/v1/renames", body);
      expect(problemOf(refused).status).toBe(404);
      expect(refused.json).toMatchObject({ suggestions });
      const created = await doors.client("operator").post("/v1/renames", { ...body, create: true });
      expect(created.status).toBe(201);
    },
  );

  it("is changed by operators alone", async () => {
    const doors = givenDoors();
    await doors.client().sayAll([deployed("production", "acme/billing", "one", at(2))].map(eventOf));
    const body = { what: "service", from: "acme/billing", to: "acme/payments" };
    for (const role of ["writer", "reader", "executor"] as const)
      expect((await doors.client(role).post("/v1/renames", body)).status).toBe(403);
    const event = eventOf(said("service.renamed", at(3), { from: "acme/billing", to: "mine" }));
    expect((await doors.client("writer").say(event)).status).toBe(403);
  });

  it("does not become itself", async () => {
    const answer = await givenDoors()
      .client("operator")
      .post("/v1/renames", { what: "service", from: "acme/billing", to: "Acme/Billing" });
    expect(problemOf(answer).status).toBe(422);
  });
});
