import { afterAll, describe, expect, it } from "vitest";
import { Changes, Timeline } from "../../schemas/answer.ts";
import { eventOf } from "../../schemas/event.ts";
import type { Statement } from "../../schemas/fact.ts";
import { deployed as deployedAs, digestOf, observed, said } from "../ledger/given.ts";
import { cleanUp, givenDoors, problemOf } from "./given.ts";

afterAll(cleanUp);

const at = (time: string) => `2026-11-22T${time}:00.000Z`;
const here = { environment: "production" };

const deployed = (service: string, image: string, time: string, more: object = {}) =>
  deployedAs("production", service, image, at(time), { group: "production-all", ...more });

const noted = (time: string, more: object) =>
  said("change.noted", at(time), { type: "flag", title: "vat_eu: off to on", ...more });

const migrated = (database: string, time: string) =>
  said("migration.applied", at(time), { ...here, database, version: "20261122" });

const described = (service: string, more: object) =>
  said("service.described", at("00:00"), { service, ...more });

async function given(...statements: readonly Statement[]) {
  const doors = givenDoors();
  await doors.client().sayAll(statements.map(eventOf));
  const ask = (query: Record<string, string>) => doors.client("reader").get("/v1/changes", query);
  return { ...doors, ask };
}

/** A night: what happened in production until it broke at 02:55. */
const NIGHT = [
  described("acme/billing", { owner: "team-billing", databases: ["invoices"] }),
  described("acme/orders", { databases: ["invoices", "orders"] }),
  described("acme/vat", { owner: "team-billing" }),
  described("acme/search", { owner: "team-search" }),
  deployed("acme/billing", "old", "00:10"),
  deployed("acme/orders", "orders", "01:00"),
  deployed("acme/vat", "vat", "01:30"),
  deployed("acme/search", "search", "01:45"),
  migrated("invoices", "02:14"),
  migrated("search", "02:20"),
  noted("02:30", { title: "new certificate", type: "secret" }),
  noted("02:49", { ...here, service: "acme/billing" }),
  said("incident.opened", at("02:55"), { ...here, incident: "INC-7", title: "invoices are empty" }),
  deployed("acme/billing", "fix", "03:30"),
];
const BROKE = { ...here, before: at("02:54"), window: "2h" };

const shown = (json: unknown) =>
  Changes.parse(json).changes.map(({ what, service, database, title, relation }) =>
    [what, service ?? database ?? title ?? "", relation].join(" "),
  );

describe("what changed before it broke", () => {
  it("is listed nearest first, with how long before it was", async () => {
    const { json } = await (await given(...NIGHT)).ask(BROKE);
    expect(shown(json)).toEqual([
      "noted acme/billing environment",
      "noted new certificate environment",
      "migrated search environment",
      "migrated invoices environment",
      "deployed acme/search environment",
      "deployed acme/vat environment",
      "deployed acme/orders environment",
    ]);
    expect(Changes.parse(json).changes[0]).toMatchObject({ secondsBefore: 300, type: "flag", undo: null });
    expect(Changes.parse(json)).toMatchObject({
      from: at("00:54"),
      before: at("02:54"),
      others: 0,
      more: false,
    });
  });

  it("is of a service and of what it depends on, where a service is named; the rest is counted", async () => {
    const { json } = await (await given(...NIGHT)).ask({ ...BROKE, service: "ACME/billing" });
    expect(shown(json)).toEqual([
      "noted acme/billing service",
      "noted new certificate environment",
      "migrated invoices database",
      "deployed acme/vat owner",
      "deployed acme/orders database",
    ]);
    expect(json).toMatchObject({ others: 2 });
  });

  it("says what each change replaced and brought, and through what a neighbour is one", async () => {
    const before = migrated("invoices", "00:30");
    const last = said("migration.applied", at("02:40"), {
      ...here,
      database: "invoices",
      version: "20261123",
      reversible: false,
    });
    const next = deployed("acme/orders", "next", "02:45");
    const { json } = await (await given(...NIGHT, before, last, next)).ask({
      ...BROKE,
      service: "acme/billing",
    });
    const found = Changes.parse(json).changes.map(({ at: when, through, reversible, replaced, brought }) => ({
      at: when.slice(11, 16),
      ...{ through, reversible, version: replaced?.version },
      from: replaced?.components?.map(({ digest }) => digest),
      to: brought?.map(({ digest }) => digest),
    }));
    const digests = (name: string) => [digestOf(name)];
    expect(found.filter(({ at: when }) => !when.startsWith("02:3"))).toEqual([
      { at: "02:49" },
      { at: "02:45", through: ["invoices"], from: digests("orders"), to: digests("next") },
      { at: "02:40", through: ["invoices"], reversible: false, version: "20261122" },
      { at: "02:14", through: ["invoices"], version: "20261122" },
      { at: "01:30", through: ["team-billing"], to: digests("vat") },
      { at: "01:00", through: ["invoices"], to: digests("orders") },
    ]);
  });

  it("says which plan puts back what ran just before a deployment", async () => {
    const ledger = await given(...NIGHT);
    const { json } = await ledger.ask({ ...here, before: at("03:30"), window: "10m" });
    const [{ undo } = { undo: null }] = Changes.parse(json).changes;
    expect(undo).toEqual({ ...here, service: "acme/billing", at: "2026-11-22T03:29:59.999Z" });
    const plan = await ledger.client().get("/v1/plan", { ...undo, schema: "keep" });
    expect(plan.json).toMatchObject({ target: { components: [{ digest: expect.any(String) }] } });
  });

  it("has a start only where nothing is known of its end", async () => {
    const deployment = { provider: "ci", instance: "acme", id: "7" };
    const start = said("deployment.started", at("01:00"), {
      ...here,
      service: "acme/billing",
      deployment,
      components: [{ component: "main", tag: "1.0" }],
    });
    const alone = await (await given(start)).ask(BROKE);
    expect(shown(alone.json)).toEqual(["started acme/billing environment"]);
    const ended = await (await given(start, deployed("acme/billing", "new", "01:05", { deployment }))).ask(
      BROKE,
    );
    expect(shown(ended.json)).toEqual(["deployed acme/billing environment"]);
  });

  it("reads the whole window, however much happened in it, and shows the nearest", async () => {
    const many = Array.from({ length: 260 }, (_, n) =>
      said("change.noted", new Date(Date.parse(at("01:00")) + n * 1000).toISOString(), {
        ...here,
        type: "data",
        title: `row ${n}`,
      }),
    );
    const { json } = await (await given(deployed("web", "1", "00:00"), ...many)).ask(BROKE);
    const { changes, more } = Changes.parse(json);
    expect(changes.map(({ title }) => title).slice(0, 2)).toEqual(["row 259", "row 258"]);
    expect([changes.length, more]).toEqual([200, true]);
  });

  it("is refused where the window is none, or the environment unknown", async () => {
    const { ask } = await given(...NIGHT);
    expect(problemOf(await ask({ ...BROKE, window: "two hours" }))).toMatchObject({
      status: 422,
      detail: "window: must be a duration like 30m, 2h or 3d",
    });
    expect(problemOf(await ask({ ...BROKE, window: "15d" })).detail).toBe("window: must be at most 14d");
    expect(problemOf(await ask({ ...BROKE, environment: "prodution" }))).toMatchObject({ status: 404 });
  });
});

describe("a note", () => {
  it("stands in the timeline of its environment, or of every environment", async () => {
    const { client } = await given(
      deployedAs("staging", "web", "1", at("00:10")),
      ...NIGHT,
      said("incident.resolved", at("03:40"), { ...here, incident: "INC-7", title: "invoices are empty" }),
    );
    const whatIn = async (environment: string) =>
      Timeline.parse((await client().get("/v1/timeline", { environment, from: at("02:30") })).json)
        .entries.filter(({ what }) => what !== "running")
        .map(({ what, title, incident }) =>
          [what, title, incident].filter((one) => one !== undefined).join(" "),
        );
    expect(await whatIn("production")).toEqual([
      "noted new certificate",
      "noted vat_eu: off to on",
      "incident opened invoices are empty INC-7",
      "deployed",
      "incident resolved invoices are empty INC-7",
    ]);
    expect(await whatIn("staging")).toEqual(["noted new certificate"]);
  });

  it("makes no environment and no service known", async () => {
    const { client } = await given(noted("02:00", { environment: "prodution", service: "acme/biling" }));
    expect((await client().get("/v1/timeline", { environment: "prodution", from: at("00:00") })).status).toBe(
      404,
    );
    const release = { environment: "prodution", service: "acme/biling" };
    expect((await client().get("/v1/release", release)).status).toBe(404);
  });
});

describe("a group", () => {
  const both = [
    deployedAs("production.eu", "web", "1", at("00:10"), { group: "production" }),
    deployedAs("production.us", "web", "1", at("00:20"), { group: "production" }),
    deployedAs("production.us", "api", "1", at("00:30"), { group: "production" }),
  ];

  it.each([
    ["/v1/timeline", { from: at("00:00"), service: "api" }, ["production.us"]],
    ["/v1/timeline", { from: at("00:00") }, ["production.eu", "production.us"]],
    ["/v1/changes", { before: at("01:00") }, ["production.eu", "production.us"]],
    ["/v1/gate", { service: "web", digest: `sha256:${"0".repeat(64)}` }, ["production.eu", "production.us"]],
  ])("answers %s %j of its environments side by side", async (path, query, environments) => {
    const { client } = await given(...both);
    const { json } = await client().get(path, { group: "Production", ...query });
    expect(json).toMatchObject({
      group: "Production",
      answers: environments.map((environment) => ({ environment })),
    });
  });

  it("is compared with a moment, or each of its environments with another one", async () => {
    const { client } = await given(...both, observed("staging", "web", "2", at("00:40")));
    const { json } = await client().get("/v1/diff", { group: "production", from: at("00:15") });
    expect(json).toMatchObject({ answers: [{ services: [], same: 1 }, { services: [{}, {}] }] });
    const beside = await client().get("/v1/diff", { group: "production", with: "staging" });
    expect(beside.json).toMatchObject({
      answers: [{ from: { environment: "production.eu" }, to: { environment: "staging" } }, {}],
    });
  });

  it("is refused beside an environment, where it is unknown, and with a page of one environment", async () => {
    const { client } = await given(...both);
    const ask = async (query: object) =>
      problemOf(await client().get("/v1/timeline", { from: at("00:00"), ...query }));
    expect(await ask({ group: "production", ...here })).toMatchObject({
      status: 422,
      detail: "needs exactly one of environment and group",
    });
    expect(await ask({ group: "prod" })).toMatchObject({ status: 404 });
    expect(await ask({ group: "production", cursor: "x" })).toMatchObject({ status: 422 });
  });
});

describe("a timeline as CSV", () => {
  it("has a line for each component of an entry, and leads to the next page", async () => {
    const { client } = await given(
      deployed("web", "1", "00:10", {
        actor: 'o"c',
        components: [
          { component: "api", repository: "ghcr.io/acme/api", tag: "1.0" },
          { component: "web", repository: "ghcr.io/acme/web", tag: "=1.0".slice(1) },
        ],
      }),
      noted("00:20", { ...here, title: "=SUM(A1)" }),
    );
    const query = { ...here, from: at("00:00"), format: "csv", limit: "1" };
    const first = await client().get("/v1/timeline", query);
    const lines = first.text.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^environment,at,what,service,component,/);
    expect(lines[1]).toContain(
      "production,2026-11-22T00:10:00.000Z,deployed,web,api,,ghcr.io/acme/api,,1.0,",
    );
    expect(lines[1]).toContain(',"o""c",');
    const [, next = ""] = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
    const second = await client().get(next, {});
    expect(second.text).toContain("'=SUM(A1)");
    expect(second.headers.get("link")).toBeNull();
  });
});
