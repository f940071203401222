/** Cost is behaviour: how many requests the gate takes, and how many of them one after the other. */
import { describe, expect, it } from "vitest";
import { gate } from "../../functions/queries/gate/gate.ts";
import type { Statement } from "../../schemas/fact.ts";
import { type Cost, recording, startCounted } from "../store/counting.ts";
import { digestOf, said } from "./given.ts";
import {
  built,
  indexed,
  main,
  migration,
  PLACE,
  pushed,
  REPOSITORY,
  renamed,
  snapshot,
  succeeded,
  time,
} from "./saying.ts";

const when = {
  at: time("31 12:00"),
  knownAt: "2027-01-01T00:00:00.000Z",
  now: new Date("2027-01-02T00:00:00.000Z"),
  settleMs: 1000,
};
const INDEX = digestOf("index");
const MANIFEST = digestOf("manifest");

/** Whatever the gate looks at, many times over, here and of neighbours. */
const earlier = (n: number): Statement[] =>
  Array.from({ length: n }, (_, k) => {
    const clock = (hour: string) =>
      time(`${String(1 + (k % 9)).padStart(2, "0")} ${hour}:${String(k % 60).padStart(2, "0")}`);
    const at = clock("08");
    const own = digestOf(`early ${k}`);
    const freezes = [{}, { service: PLACE.service }, { service: "acme/web" }].flatMap((more) => [
      said("environment.frozen", at, { environment: PLACE.environment, ...more }),
      said("environment.unfrozen", clock("09"), { environment: PLACE.environment, ...more }),
    ]);
    return [
      succeeded(at, [main({ digest: own, repository: REPOSITORY })]),
      ...freezes,
      said("release.marked", at, { digest: INDEX, verdict: "good" }),
      renamed(at, `${REPOSITORY}/${k}`, `${REPOSITORY}/now/${k}`),
      said("service.described", at, { service: PLACE.service, owner: "team-billing" }),
      migration("applied", at, `early ${k}`),
      snapshot(at, "set", [`early ${k}`]),
    ];
  }).flat();

const image = [
  indexed(INDEX, MANIFEST),
  pushed("19 08:00", INDEX),
  built(MANIFEST, "new", { requires: [{ database: "billing", version: "2" }] }),
  snapshot("20 08:00", "set", ["1", "2"]),
];

async function costOf(statements: readonly Statement[], digest: string): Promise<Cost> {
  const counted = await startCounted();
  try {
    const told = recording(counted);
    for (const statement of statements) expect((await told(statement)).outcome).toBe("recorded");
    const { cost, result } = await counted.costOf(() =>
      gate({ store: counted.store, ...when }, { ...PLACE, digest }),
    );
    expect(result).toMatchObject({ allowed: true, warnings: [] });
    return cost;
  } finally {
    await counted.stop();
  }
}

/** The round trips as a table, for whoever has to save one. */
const table = ({ waves }: Cost): string =>
  waves.map((requests, n) => `${n + 1}: ${requests.join(" | ")}`).join("\n");

describe("the gate", () => {
  it.each([
    ["an index", INDEX, 3],
    ["a manifest of an index", MANIFEST, 3],
  ])(
    "asked of %s costs so many round trips at any length of history",
    async (_, digest, most) => {
      const short = await costOf([...earlier(3), ...image], digest);
      const long = await costOf([...earlier(30), ...image], digest);
      expect(short.depth, table(short)).toBeLessThanOrEqual(most);
      expect(long.depth, table(long)).toBe(short.depth);
      expect(long.requests, table(long)).toBe(short.requests);
    },
    60_000,
  );
});
