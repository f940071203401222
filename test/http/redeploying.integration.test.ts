/** Clicks at once, on two machines over one store. */
import { afterAll, expect, it } from "vitest";
import * as z from "zod";
import { Plan } from "../../schemas/plan.ts";
import { Refusal } from "../../schemas/redeployment.ts";
import { PLACE, TWO, tellReleases } from "../reactions/asked-back.ts";
import { STORES } from "../store/stores.ts";
import { cleanUp, givenDoors, NOW, problemOf } from "./given.ts";

afterAll(cleanUp);

const CLICKS = 40;
const QUESTION = { ...PLACE, at: "2026-11-15" };

it.each(STORES)("are one redeployment, however many there are: $name", async ({ open }) => {
  const { store, close } = await open();
  const [one, other] = [givenDoors({ store }), givenDoors({ store })];
  await tellReleases(one.client("admin"), NOW);
  other.setNow("2026-11-22T09:00:01.000Z");
  const plan = Plan.parse((await one.client("operator").get("/v1/plan", QUESTION)).json);
  const body = {
    ...QUESTION,
    planHash: plan.hash,
    expectedCurrent: TWO,
    reason: "invoices are rounded wrongly",
  };
  const answers = await Promise.all(
    Array.from({ length: CLICKS }, (_, n) =>
      (n % 2 === 0 ? one : other)
        .client("operator")
        .post("/v1/redeployments", body, { "idempotency-key": `click-${n}` }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const refused = answers.filter(({ status }) => status === 409);
  expect(refused).toHaveLength(CLICKS - 1);
  const codes = refused.flatMap((answer) => {
    problemOf(answer);
    const { refusals } = z.looseObject({ refusals: z.array(Refusal) }).parse(answer.json);
    return refusals.map(({ code }) => code);
  });
  expect(new Set(codes)).toEqual(new Set(["redeployment_running"]));
  await close();
});
