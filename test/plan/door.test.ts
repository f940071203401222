import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { EnvironmentPlan, Plan } from "../../schemas/plan.ts";
import { cleanUp, deployed, givenDoors, problemOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";

afterAll(cleanUp);

const SERVICE = "environment=production&service=acme/billing";

async function told() {
  const { client } = givenDoors();
  for (const event of [deployed("1"), deployed("2", "2026-10-25T08:11:00.000Z")]) {
    expect((await client().say(event)).status).toBe(201);
  }
  return client("reader");
}

describe("GET /v1/plan", () => {
  it("answers how to run again what ran that day", async () => {
    const answer = await (await told()).get(`/v1/plan?${SERVICE}&at=2026-10-22`);
    expect(answer.status).toBe(200);
    const { status, components, at } = Plan.parse(answer.json);
    expect({ status, at }).toEqual({ status: "ready", at: "2026-10-22T23:59:59.999Z" });
    expect(components).toMatchObject([{ from: digestOf("2"), to: digestOf("1") }]);
  });

  it.each([`digest=${digestOf("1")}`, "last=good"])("answers by %s", async (aim) => {
    const { components } = Plan.parse((await (await told()).get(`/v1/plan?${SERVICE}&${aim}`)).json);
    expect(components).toMatchObject([{ to: digestOf("1") }]);
  });

  it("answers with the images of a whole environment", async () => {
    const answer = await (await told()).get("/v1/plan?environment=production&at=2026-10-22");
    expect(EnvironmentPlan.parse(answer.json).services).toMatchObject([
      { service: "acme/billing", components: [{ to: digestOf("1") }] },
    ]);
  });

  it.each(["", "&service=acme/billing"])("answers with files for deployers%s", async (service) => {
    const client = await told();
    const image = `ghcr.io/acme/billing@${digestOf("1")}`;
    for (const [format, expected] of [
      ["kustomize", { images: [{ name: "ghcr.io/acme/billing", digest: digestOf("1") }] }],
      ["compose", { services: { "acme-billing": { image } } }],
    ] as const) {
      const { status, headers, text } = await client.get(
        `/v1/plan?environment=production&at=2026-10-22&format=${format}${service}`,
      );
      expect([status, headers.get("content-type")]).toEqual([200, "application/yaml; charset=utf-8"]);
      expect(parse(text)).toEqual(expected);
    }
  });

  it("takes several acceptances, separated by commas", async () => {
    const accepting = `acceptDataLoss=true&acceptShared=a,acme/b&acceptSubstitute=${digestOf("x")},${digestOf("y")}`;
    expect((await (await told()).get(`/v1/plan?${SERVICE}&last=good&${accepting}`)).status).toBe(200);
  });

  it.each([
    [SERVICE, "exactly one of at, last and an image"],
    [`${SERVICE}&at=2026-10-22&last=good`, "exactly one of at, last and an image"],
    [`${SERVICE}&at=2026-10-22&tag=1.4.2`, "exactly one of at, last and an image"],
    [`${SERVICE}&tag=a:b:c`, "must be a tag"],
    [`environment=production&tag=1.4.2`, "with a service"],
    [`${SERVICE}&last=bad`, "last"],
    [`${SERVICE}&digest=latest`, "digest"],
    [`${SERVICE}&last=good&schema=drop`, "schema"],
    [`${SERVICE}&last=good&acceptDataLoss=yes`, "acceptDataLoss"],
    [`${SERVICE}&last=good&acceptSubstitute=${digestOf("x")},latest`, "acceptSubstitute"],
    [`${SERVICE}&last=good&cursor=abc`, "cursor"],
    [`${SERVICE}&last=good&check=cluster`, "check"],
    [`${SERVICE}&last=good&check=registry&format=compose`, "check goes with the format json"],
    [
      "environment=production&at=2026-10-22&check=registry&format=kustomize",
      "check goes with the format json",
    ],
    ["environment=production", "exactly one of at, last and an image"],
    ["environment=production&last=good", "with a service"],
    ["environment=production&at=2026-10-22&acceptShared=acme/web", "with a service"],
    ["environment=production&at=2026-10-22&cursor=abc", "cursor"],
    ["environment=production&at=2026-10-22&format=helm", "format"],
    ["service=acme/billing&last=good", "environment"],
  ])("refuses %s, and says why", async (asked, why) => {
    const { status, detail } = problemOf(await (await told()).get(`/v1/plan?${asked}`));
    expect(status).toBe(422);
    expect(detail).toContain(why);
  });

  it("answers with the plans of a group side by side", async () => {
    const { client } = givenDoors();
    for (const [n, environment] of ["production.eu", "production.us"].entries())
      for (const [day, name] of [
        ["20", "one"],
        ["25", "two"],
      ] as const) {
        const event = deployed(`${name} ${n}`, `2026-10-${day}T08:11:00.000Z`, {
          environment,
          group: "production",
        });
        await client().say(event);
      }
    const Group = z.strictObject({ group: z.string(), answers: z.array(z.union([Plan, EnvironmentPlan])) });
    for (const question of ["last=good&service=acme/billing", "at=2026-10-22"]) {
      const answer = await client("reader").get(`/v1/plan?group=production&${question}`);
      const { group, answers } = Group.parse(answer.json);
      expect([group, answers.map(({ environment }) => environment)]).toEqual([
        "production",
        ["production.eu", "production.us"],
      ]);
    }
    const file = await client("reader").get("/v1/plan?group=production&at=2026-10-22&format=compose");
    expect(problemOf(file)).toMatchObject({ status: 422 });
  });

  it("does not find what the ledger never heard of", async () => {
    const client = await told();
    for (const asked of [
      "environment=production&service=acme/none&last=good",
      "environment=nowhere&at=2026-10-22",
    ]) {
      expect(problemOf(await client.get(`/v1/plan?${asked}`)).status).toBe(404);
    }
  });

  it("is not for writers", async () => {
    const { client } = givenDoors();
    expect((await client("writer").get(`/v1/plan?${SERVICE}&last=good`)).status).toBe(403);
    expect((await client("operator").get(`/v1/plan?${SERVICE}&last=good`)).status).toBe(404);
  });
});
