import { describe, expect, it } from "vitest";
import { environmentPlan } from "../../functions/plan/environment-plan.ts";
import { placesOf } from "../../functions/plan/redeployment/request.ts";
import type { Statement } from "../../schemas/fact.ts";
import { RedeploymentRequest } from "../../schemas/operation.ts";
import { EnvironmentPlan } from "../../schemas/plan.ts";
import {
  day,
  deployed,
  digestOf,
  type Given,
  given,
  pagesOf,
  removed,
  repositoryOf,
  said,
} from "../ledger/given.ts";

async function whole(
  ledger: Given,
  at = day(12),
  acceptSubstitute: readonly string[] = [],
): Promise<EnvironmentPlan> {
  return EnvironmentPlan.parse(await environmentPlan(ledger.at(at), "production", { acceptSubstitute }, {}));
}
const gone = (service: string, image: string) =>
  said("artifact.deleted", day(25), {
    repository: repositoryOf(service),
    digest: digestOf(image),
    what: "manifest",
  });
const pushed = (service: string, image: string) =>
  said("artifact.pushed", day(9), { repository: repositoryOf(service), digest: digestOf(image) });

const cluster = [
  deployed("production", "api", "api1", day(10)),
  deployed("production", "web", "web1", day(10)),
  deployed("production", "web", "web2", day(20)),
  deployed("production", "old", "old1", day(10)),
  removed("production", "old", day(15)),
  deployed("production", "new", "new1", day(18)),
  deployed("staging", "other", "other1", day(10)),
];

describe("the plan of a whole environment", () => {
  it("has every service that ran then with its image of then", async () => {
    const { services, status, at, removedSince, cameLater } = await whole(await given(...cluster));
    expect(services.map(({ service, now, components }) => [service, now, components[0]?.image])).toEqual([
      ["api", "running", `ghcr.io/api@${digestOf("api1")}`],
      ["old", "removed", `ghcr.io/old@${digestOf("old1")}`],
      ["web", "running", `ghcr.io/web@${digestOf("web1")}`],
    ]);
    expect({ status, at, removedSince, cameLater }).toEqual({
      status: "ready",
      at: day(12),
      removedSince: ["old"],
      cameLater: ["new"],
    });
  });

  it("is blocked by what is gone, service by service", async () => {
    const ledger = await given(...cluster, pushed("api", "api1"), gone("api", "api1"));
    const { services, status } = await whole(ledger);
    expect(status).toBe("blocked");
    expect(services.map((one) => [one.service, one.status, one.blockers.map(({ code }) => code)])).toEqual([
      ["api", "blocked", ["image_gone"]],
      ["old", "ready", []],
      ["web", "ready", []],
    ]);
  });

  it("is the same page by page", async () => {
    const ledger = await given(...cluster);
    const pages = await pagesOf((cursor) =>
      environmentPlan(ledger.at(day(12)), "production", {}, { limit: 1, cursor }),
    );
    expect(pages.length).toBe(4);
    const all = await whole(ledger);
    expect(pages.flatMap(({ services }) => services)).toEqual(all.services);
    expect(pages.flatMap(({ cameLater }) => cameLater)).toEqual(all.cameLater);
  });

  it("has the same hash whenever it is asked for", async () => {
    const ledger = await given(...cluster);
    const early = { ...ledger.at(day(12), day(28)), now: new Date(day(28)) };
    expect((await environmentPlan(early, "production", {}, {}))?.hash).toBe((await whole(ledger)).hash);
    expect((await whole(ledger, day(21))).hash).not.toBe((await whole(ledger)).hash);
  });

  it("is not found for a name never heard of", async () => {
    const ledger = await given(...cluster);
    expect(await environmentPlan(ledger.at(day(12)), "nowhere", {}, {})).toBeUndefined();
  });

  const shop = (version: string, at: string, more: object = {}) =>
    said("migration.applied", at, {
      environment: "production",
      service: "web",
      database: "shop",
      version,
      tool: "knex",
      reversible: true,
      losesData: false,
      ...more,
    });
  const sharing = [
    ...cluster,
    said("service.described", day(1), { service: "web", databases: ["shop"] }),
    said("service.described", day(1), { service: "api", databases: ["shop"] }),
    shop("1", day(9)),
    shop("2", day(19)),
  ];
  const asked = async (options: object) =>
    EnvironmentPlan.parse(
      await environmentPlan((await given(...sharing)).at(day(12)), "production", options, {}),
    );
  const blockersOf = ({ services }: EnvironmentPlan) =>
    Object.fromEntries(services.map((one) => [one.service, one.blockers.map(({ code }) => code)]));

  it("has the schemas that differ, each database once with its services", async () => {
    const plan = await asked({});
    expect(plan.databases).toEqual([{ database: "shop", services: ["api", "web"], revert: [], keep: ["2"] }]);
  });

  it("asks only the services that differ what becomes of their schema", async () => {
    expect(blockersOf(await asked({}))).toEqual({ api: [], old: [], web: ["schema_choice_needed"] });
    expect(blockersOf(await asked({ schema: "keep" }))).toEqual({ api: [], old: [], web: [] });
  });

  const reverting = async (...more: readonly Statement[]) => {
    const ledger = await given(...sharing, ...more);
    const options = { schema: "revert", acceptDataLoss: true } as const;
    return EnvironmentPlan.parse(await environmentPlan(ledger.at(day(12)), "production", options, {}));
  };
  const withScripts = (service: string, image: string, version: string, at: string) =>
    shop(version, at, { service, image: digestOf(image) });

  it("reverts a database once for all services that use it: with the first that gets another image", async () => {
    const plan = await reverting();
    expect(plan.databases).toEqual([
      { database: "shop", services: ["api", "web"], revert: ["2"], keep: [], revertedBy: "web" },
    ]);
    const [api, , web] = plan.services;
    expect(web?.schema?.revert.map(({ version }) => version)).toEqual(["2"]);
    expect(api?.schema?.revert).toEqual([]);
    expect(api?.warnings.map(({ code }) => code)).toContain("reverted_elsewhere");
    expect(Object.values(blockersOf(plan)).flat()).not.toContain("database_shared");
  });

  it("is redeployed with the service first that reverts, and the others without steps for it", async () => {
    const ledger = await given(...sharing, deployed("production", "api", "api2", day(21)));
    const when = ledger.at(day(30));
    const options = { schema: "revert", acceptDataLoss: true } as const;
    const planned = await environmentPlan({ ...when, at: day(12) }, "production", options, { limit: 100 });
    const body = RedeploymentRequest.parse({
      ...{ environment: "production", all: true, at: day(12), ...options },
      ...{ planHash: planned?.hash, reason: "the release is bad" },
    });
    const found = await placesOf({ by: "ops", key: "1", body, when });
    expect(found).toMatchObject({
      places: [
        { service: "api", acceptShared: ["web"], revertedElsewhere: [] },
        { service: "old", acceptShared: [], revertedElsewhere: [] },
        { service: "web", acceptShared: ["api"], revertedElsewhere: ["shop"] },
      ],
    });
  });

  it("does not revert it under a service that came later", async () => {
    const plan = await reverting(said("service.described", day(1), { service: "new", databases: ["shop"] }));
    expect(blockersOf(plan)).toMatchObject({ web: expect.arrayContaining(["database_shared"]) });
  });

  it("is blocked where the services go back to different schemas, and names them", async () => {
    const plan = await reverting(withScripts("api", "api1", "3", day(21)));
    expect(blockersOf(plan)).toMatchObject({
      api: expect.arrayContaining(["schemas_differ"]),
      web: expect.arrayContaining(["schemas_differ"]),
    });
    const [message] = plan.services.flatMap(({ blockers }) =>
      blockers.flatMap(({ code, message }) => (code === "schemas_differ" ? [message] : [])),
    );
    expect(message).toContain("api reverts 2; web reverts 3, 2");
  });
});
