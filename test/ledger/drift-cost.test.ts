import { expect, it } from "vitest";
import { drift } from "../../functions/queries/drift.ts";
import type { Statement } from "../../schemas/fact.ts";
import { countedReads, day, deployed, given, observed } from "./given.ts";

/** What the drift of an environment asks the store for: requests, and those that wait for one another. */
async function costOf(statements: readonly Statement[]): Promise<{ requests: number; roundTrips: number }> {
  const ledger = await given(...statements);
  const { store, cost } = countedReads(ledger.store);
  const answer = await drift({ ...ledger.at(day(30)), store }, { environment: "production" });
  expect(answer?.services.every(({ state }) => state === "drifting")).toBe(true);
  return { ...cost };
}

const minutes = (n: number, from: string): string => new Date(Date.parse(from) + n * 60_000).toISOString();

/** A service of which something else was seen than was deployed, with a history before. */
const drifting = (service: string, before: number): Statement[] => [
  ...Array.from({ length: before }, (_, n) =>
    deployed("production", service, `old ${n}`, minutes(n, day(2))),
  ),
  deployed("production", service, "one", day(10)),
  observed("production", service, "two", day(12)),
];

it("the drift of an environment costs the same at any length of history", async () => {
  expect(await costOf(drifting("acme/web", 40))).toEqual(await costOf(drifting("acme/web", 3)));
});

it("the drift of many services takes no more round trips than that of one, and as many requests for each", async () => {
  const few = await costOf(["a", "b"].flatMap((name) => drifting(name, 3)));
  const many = await costOf(["a", "b", "c", "d"].flatMap((name) => drifting(name, 3)));
  const one = await costOf(drifting("a", 3));
  expect(many.roundTrips).toBe(one.roundTrips);
  expect(many.requests - few.requests).toBe(2 * (few.requests - one.requests));
  expect(one).toEqual({ requests: 12, roundTrips: 4 });
});
