import { afterAll, describe, expect, it } from "vitest";
import { Services } from "../../schemas/answer.ts";
import { eventOf } from "../../schemas/event.ts";
import { deployed, said } from "../ledger/given.ts";
import { cleanUp, givenDoors } from "./given.ts";

afterAll(cleanUp);

const NOON = "2026-11-22T08:00:00.000Z";
const DIGEST = `sha256:${"0".repeat(64)}`;

async function given() {
  const doors = givenDoors();
  const places = [
    ["production", "acme/billing"],
    ["production", "acme/billing-api"],
    ["production", "acme/orders"],
    ["staging", "acme/billing"],
    ["staging", "Acme/Vat"],
    ["review/feature-x", "acme/orders"],
  ] as const;
  const described = { owner: "team-billing", contact: "#billing", images: ["ghcr.io/acme/billing"] };
  await doors
    .client()
    .sayAll(
      [
        ...places.map(([environment, service]) => deployed(environment, service, "1", NOON)),
        said("service.described", NOON, { service: "ACME/billing", ...described }),
        said("service.described", NOON, { service: "acme/planned" }),
      ].map(eventOf),
    );
  return doors.client("reader");
}

describe("a name that is unknown", () => {
  it.each([
    ["/v1/release", { environment: "production", service: "acme/biling" }],
    ["/v1/timeline", { environment: "production", service: "acme/biling", from: "2026-11-01" }],
    ["/v1/plan", { environment: "production", service: "acme/biling", last: "good" }],
    ["/v1/changes", { environment: "production", service: "acme/biling" }],
    ["/v1/redeployments", { environment: "production", service: "acme/biling" }],
  ])("gets the three nearest of its kind: a service at %s", async (path, query) => {
    expect((await (await given()).get(path, query)).json).toMatchObject({
      status: 404,
      detail:
        "Not found: service acme/biling in environment production was not known by then. Nearest: acme/billing, acme/billing-api, acme/orders. GET /v1/services?environment=production lists the known names.",
      suggestions: ["acme/billing", "acme/billing-api", "acme/orders"],
    });
  });

  it.each([
    ["/v1/release", { environment: "prodution", service: "acme/billing" }],
    ["/v1/snapshot", { environment: "prodution" }],
    ["/v1/drift", { environment: "prodution" }],
    ["/v1/services", { environment: "prodution" }],
    ["/v1/changes", { environment: "prodution" }],
    ["/v1/diff", { environment: "prodution", from: "2026-11-01" }],
    ["/v1/diff", { environment: "production", with: "prodution" }],
    ["/v1/plan", { environment: "prodution", at: "2026-11-22" }],
    ["/v1/freezes", { environment: "prodution" }],
    ["/v1/redeployments", { environment: "prodution" }],
  ])("gets the three nearest of its kind: an environment at %s", async (path, query) => {
    expect((await (await given()).get(path, query)).json).toMatchObject({
      status: 404,
      detail: expect.stringContaining("environment prodution was not known by then. Nearest: production, "),
      suggestions: ["production", expect.any(String), expect.any(String)],
    });
  });

  it.each([
    ["/v1/snapshot", { group: "eruope" }, "group eruope", ["europe", "asia"]],
    [
      "/v1/gate",
      { group: "eruope", service: "acme/web", digest: DIGEST },
      "group eruope",
      ["europe", "asia"],
    ],
    [
      "/v1/timeline",
      { group: "europe", service: "acme/wbe", from: "2026-11-01" },
      "service acme/wbe in group europe",
      ["acme/web"],
    ],
  ])("gets the nearest of its kind: of a group at %s", async (path, query, what, suggestions) => {
    const { client } = givenDoors();
    const places = [
      ["eu-1", "europe"],
      ["ap-1", "asia"],
    ] as const;
    await client().sayAll(
      places.map(([environment, group]) => eventOf(deployed(environment, "acme/web", "1", NOON, { group }))),
    );
    const { status, json } = await client("reader").get(path, query);
    expect([status, json]).toMatchObject([404, { suggestions }]);
    expect(json).toMatchObject({
      detail: expect.stringContaining(`Not found: ${what} was not known by then.`),
    });
  });

  it.each([
    ["/v1/tag", { repository: "ghcr.io/acme/biling", tag: "1" }],
    ["/v1/repositories/needed", { repository: "ghcr.io/acme/biling" }],
  ])("gets the nearest of its kind: a repository at %s", async (path, query) => {
    const { status, json } = await (await given()).get(path, query);
    expect([status, json]).toMatchObject([
      404,
      { suggestions: ["ghcr.io/acme/billing", "ghcr.io/acme/billing-api", "ghcr.io/acme/orders"] },
    ]);
  });

  it("is told from one that is missing", async () => {
    const { json } = await (await given()).get("/v1/timeline", { environment: "production" });
    expect(json).toMatchObject({ status: 422, detail: "from: is required" });
  });

  it("is found by its last part, too", async () => {
    const answer = await (await given()).get("/v1/release", { environment: "staging", service: "vat" });
    expect(answer.json).toMatchObject({ suggestions: ["Acme/Vat", "acme/billing"] });
  });

  it("gets no suggestion where nothing is known", async () => {
    const { client } = givenDoors();
    const answer = await client().get("/v1/snapshot", { environment: "production" });
    expect(answer.json).toMatchObject({
      detail:
        "Not found: environment production was not known by then. GET /v1/environments lists the known names.",
      suggestions: [],
    });
  });

  it("is an answer at the gate, which CI asks before the first deployment", async () => {
    const query = { environment: "prodution", service: "acme/billing", digest: DIGEST };
    expect((await (await given()).get("/v1/gate", query)).status).toBe(200);
  });
});

describe("the services", () => {
  it("are listed with their environments and what describes them, also those that never ran", async () => {
    const { json } = await (await given()).get("/v1/services");
    const { services } = Services.parse(json);
    expect(services.map(({ service, environments }) => [service, ...environments])).toEqual([
      ["acme/billing", "production", "staging"],
      ["acme/billing-api", "production"],
      ["acme/orders", "production", "review/feature-x"],
      ["acme/planned"],
      ["Acme/Vat", "staging"],
    ]);
    expect(services[0]).toMatchObject({
      owner: "team-billing",
      contact: "#billing",
      images: ["ghcr.io/acme/billing"],
    });
  });

  it("are those of one environment, in pages", async () => {
    const client = await given();
    const first = Services.parse(
      (await client.get("/v1/services", { environment: "Production", limit: "2" })).json,
    );
    expect(first.services.map(({ service }) => service)).toEqual(["acme/billing", "acme/billing-api"]);
    const query = { environment: "Production", limit: "2", cursor: first.next ?? "" };
    const second = Services.parse((await client.get("/v1/services", query)).json);
    expect([second.services.map(({ service }) => service), second.next]).toEqual([["acme/orders"], null]);
  });
});
