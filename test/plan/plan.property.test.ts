/** Plans of any history: always of the documented form, and the same for the same facts. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { environmentPlan } from "../../functions/plan/environment-plan.ts";
import { type PlanOptions, plan } from "../../functions/plan/plan.ts";
import { Statement } from "../../schemas/fact.ts";
import { EnvironmentPlan, hashOf, Plan } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { digestOf, END_MS, IMAGES, moment, pick, shortSha } from "../histories/words.ts";
import { history } from "../histories.ts";
import { type Given, given } from "../ledger/given.ts";
import { casesOf } from "../runs.ts";

/** Each case makes a ledger or two, and plans more than once. */
const FEWER = { numRuns: casesOf(2) };
const PLACE = { environment: "production", service: "acme/billing" };

/** How a name was first written is the one thing that the order of arrival decides: here all are written alike. */
const alike = (statement: Statement): Statement =>
  Statement.parse(
    Object.fromEntries(
      Object.entries(statement).map(([field, value]) => [
        field,
        ["environment", "service", "database", "cluster"].includes(field) ? fold(String(value)) : value,
      ]),
    ),
  );

const aim: fc.Arbitrary<PlanOptions["aim"]> = fc.oneof(
  moment.map((at) => ({ at })),
  pick(...IMAGES).map((image) => ({ digest: digestOf(image, "a") })),
  pick("1.4", "ghcr.io/acme/billing:latest").map((tag) => ({ tag })),
  fc.constant({ version: "2" }),
  shortSha.map((commit) => ({ commit })),
  fc.constant({ last: "good" as const }),
);
const wish: fc.Arbitrary<PlanOptions> = fc.record(
  {
    aim,
    schema: pick("keep", "revert"),
    acceptDataLoss: fc.boolean(),
    acceptShared: fc.constant(["acme/web"]),
  },
  { requiredKeys: ["aim"] },
);

/** A ledger that was told these, one a second; a retraction only after what it takes back. */
async function told(statements: readonly Statement[]): Promise<Given> {
  const ledger = await given();
  const isRetraction = ({ kind }: Statement) => kind === "fact.retracted";
  const ordered = [...statements.filter((one) => !isRetraction(one)), ...statements.filter(isRetraction)];
  for (const [n, one] of ordered.entries()) {
    await ledger.tell(one, new Date(END_MS + n * 1000).toISOString());
  }
  return ledger;
}

const later = (asked: AsOf): AsOf => ({
  ...asked,
  now: new Date(asked.now.getTime() + 86_400_000),
  knownAt: new Date(Date.parse(asked.knownAt) + 86_400_000).toISOString(),
});

const withoutTimes = (answer: object | undefined): unknown =>
  JSON.stringify(answer, (key, value: unknown) =>
    ["knownAt", "settled", "current"].includes(key) ? null : value,
  );

describe("the plan of any history", () => {
  it("is of the documented form, hashed as documented, and the same whenever it is asked for", async () => {
    await fc.assert(
      fc.asyncProperty(history, wish, async (statements, asked) => {
        const ledger = await given(...statements);
        const when = ledger.at("2026-12-01T00:00:00.000Z");
        const answer = await plan(when, PLACE, asked);
        if (answer === undefined) return;
        expect(Plan.parse(answer)).toEqual(answer);
        // Also by whoever has it from the ledger.
        for (const one of [answer, Plan.parse(JSON.parse(JSON.stringify(answer)))])
          expect(hashOf(one)).toBe(answer.hash);
        expect(answer.status).toBe(answer.blockers.length === 0 ? "ready" : "blocked");
        expect(withoutTimes(await plan(later(when), PLACE, asked))).toBe(withoutTimes(answer));
      }),
      FEWER,
    );
  });

  it("is the same in whatever order the facts came", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.infiniteStream(fc.nat()), wish, async (statements, keys, asked) => {
        const one = statements.map(alike);
        const other = one
          .map((statement) => ({ statement, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ statement }) => statement);
        const answers = await Promise.all(
          [one, other].map(async (all) => {
            const ledger = await told(all);
            // Each ledger has salts of its own, and so other commitments.
            return ledger.shown(await plan(ledger.at("2026-12-01T00:00:00.000Z"), PLACE, asked));
          }),
        );
        expect(JSON.stringify(answers[1])).toBe(JSON.stringify(answers[0]));
      }),
      FEWER,
    );
  });

  it("of a whole environment is of the documented form", async () => {
    await fc.assert(
      fc.asyncProperty(history, moment, async (statements, at) => {
        const ledger = await given(...statements);
        const answer = await environmentPlan(ledger.at(at), PLACE.environment, {}, {});
        if (answer === undefined) return;
        expect(EnvironmentPlan.parse(answer)).toEqual(answer);
        expect(answer.hash).toBe(hashOf(answer));
      }),
      FEWER,
    );
  });
});
