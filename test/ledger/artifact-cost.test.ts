import { describe, expect, it } from "vitest";
import { artifact } from "../../functions/queries/images/artifact.ts";
import type { Statement } from "../../schemas/fact.ts";
import { countedReads, day, deployed, digestOf, given, observed } from "./given.ts";

/** The number of requests to the store that an image's answer takes. */
async function requests(statements: readonly Statement[]): Promise<number> {
  const ledger = await given(...statements);
  const moment = ledger.at(day(30));
  const { store, cost } = countedReads(ledger.store);
  expect(await artifact({ ...moment, store }, { digest: digestOf("image") })).toBeDefined();
  return cost.requests;
}

const minutes = (n: number, from: string): string => new Date(Date.parse(from) + n * 60_000).toISOString();
const others = (n: number, from: string): Statement[] =>
  Array.from({ length: n }, (_, minute) =>
    deployed("production", "acme/web", `other ${minute}`, minutes(minute, from)),
  );
const ran = deployed("production", "acme/web", "image", day(10));

describe("where an image ran", () => {
  it("costs the same, however much was deployed before and after", async () => {
    const short = await requests([...others(1, day(2)), ran, ...others(1, day(11))]);
    const long = await requests([...others(40, day(2)), ran, ...others(40, day(11))]);
    expect(long).toBe(short);
  });

  it("costs the same, however often it was seen while it ran", async () => {
    const looks = (n: number) =>
      Array.from({ length: n }, (_, minute) =>
        observed("production", "acme/web", "image", minutes(minute, day(11))),
      );
    expect(await requests([ran, ...looks(25)])).toBe(await requests([ran, ...looks(2)]));
  });
});
