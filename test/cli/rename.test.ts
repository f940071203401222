/** Renames on a terminal. */
import { afterEach, expect, it } from "vitest";
import { eventOf } from "../../schemas/event.ts";
import { givenDoors, tokenOf } from "../http/given.ts";
import { deployed } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

async function renaming(...args: readonly string[]) {
  const doors = givenDoors();
  await doors
    .client()
    .say(eventOf(deployed("production", "acme/billing", "one", "2026-11-01T08:00:00.000Z")));
  const { url } = await ledgerServer(doors);
  const ran = await asof(["rename", ...args], { ASOF_URL: url, ASOF_TOKEN: tokenOf("operator") });
  return { ...ran, doors };
}

it.each([
  ["service", "acme/billing", "acme/payments"],
  ["environment", "production", "prod.eu-1"],
])("renames a %s from a time on", async (what, from, to) => {
  const { code, out, doors } = await renaming(what, from, to, "--at", "2026-11-10T08:00:00Z");
  expect([code, out]).toEqual([0, expect.stringContaining(`${from} is called ${to} now`)]);
  const { json } = await doors.client("reader").get("/v1/release", {
    environment: "production",
    service: "acme/billing",
  });
  expect(json).toMatchObject({ renamed: [{ what, from, to, at: "2026-11-10T08:00:00.000Z" }], [what]: to });
});

it("ends with 3 where the old name is not known, unless it is said to be new", async () => {
  const refused = await renaming("service", "acme/biling", "acme/payments");
  expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("Nearest: acme/billing")]);
  expect((await renaming("service", "acme/biling", "acme/payments", "--create")).code).toBe(0);
});

it("ends with 1 where both names are one", async () => {
  const { code, err } = await renaming("service", "acme/billing", "ACME/billing");
  expect([code, err]).toEqual([1, expect.stringContaining("compared without case")]);
});
