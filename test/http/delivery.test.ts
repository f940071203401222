import { afterEach, expect, it } from "vitest";
import { Delivery } from "../../schemas/answer.ts";
import { cleanUp, deployed, givenDoors, problemOf } from "./given.ts";

afterEach(cleanUp);

const OCTOBER = { from: "2026-10-01", to: "2026-10-31" };

it("answers for an environment, a service, and each environment of a group", async () => {
  const rules = [{ match: { environment: "production" }, set: { group: "live" } }];
  const { client } = givenDoors({ rules });
  await client("admin").sayAll([deployed("one"), deployed("two", "2026-10-21T08:11:00.000Z")]);
  const reader = client("reader");
  const whole = Delivery.parse(
    (await reader.get("/v1/delivery", { environment: "production", ...OCTOBER })).json,
  );
  expect(whole).toMatchObject({ from: "2026-10-01T00:00:00.000Z", deployments: { count: 2 } });
  const place = { environment: "production", service: "ACME/Billing" };
  expect(
    Delivery.parse((await reader.get("/v1/delivery", { ...place, ...OCTOBER })).json).deployments.count,
  ).toBe(2);
  const { json } = await reader.get("/v1/delivery", { group: "live", ...OCTOBER });
  expect(json).toMatchObject({
    group: "live",
    answers: [{ environment: "production", deployments: { count: 2 } }],
  });
});

it("refuses a span of more than a year, and an unknown name with the nearest ones", async () => {
  const { client } = givenDoors();
  await client("admin").say(deployed("one"));
  const reader = client("reader");
  const years = await reader.get("/v1/delivery", { environment: "production", from: "2025-01-01" });
  expect(problemOf(years)).toMatchObject({
    status: 422,
    detail: "from: must be at most 366 days before `to`",
  });
  const unknown = await reader.get("/v1/delivery", { environment: "productoin", ...OCTOBER });
  expect(problemOf(unknown)).toMatchObject({
    status: 404,
    detail: expect.stringContaining("Nearest: production"),
  });
});
