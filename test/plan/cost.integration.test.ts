/** Cost is behaviour: how many requests a plan takes, and how many of them one after the other. */
import { describe, expect, it } from "vitest";
import { type PlanOptions, plan } from "../../functions/plan/plan.ts";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, said } from "../ledger/given.ts";
import {
  built,
  main,
  migration,
  observed,
  PLACE,
  REPOSITORY,
  renamed,
  snapshot,
  time,
} from "../ledger/saying.ts";
import { type Cost, recording, startCounted } from "../store/counting.ts";
import { applied, careful, oneThenTwo, released, THEN } from "./asking.ts";

const when = {
  at: time("31 12:00"),
  knownAt: "2027-01-01T00:00:00.000Z",
  now: new Date("2027-01-02T00:00:00.000Z"),
  settleMs: 1000,
};

/** Releases, observations and sets of migrations before the ones that count. */
const earlier = (n: number): Statement[] =>
  Array.from({ length: n }, (_, k) => {
    const clock = (minute: number) => `0${1 + (k % 9)} ${String(k % 24).padStart(2, "0")}:${minute}`;
    return [
      ...released(clock(10), `early ${k}`),
      observed(clock(11), [main({ digest: digestOf(`early ${k}`), repository: REPOSITORY })]),
      renamed(time(clock(12)), `${REPOSITORY}/${k}`, `${REPOSITORY}/now/${k}`),
      migration("applied", clock(12), `early ${k}`, { tool: "knex" }),
      snapshot(clock(13), "set", [`early ${k}`]),
    ];
  }).flat();

const gone = said("artifact.deleted", time("25 12:00"), {
  repository: REPOSITORY,
  digest: digestOf("one"),
  what: "manifest",
});
const reverting = { aim: THEN, schema: "revert", acceptDataLoss: true } as const;
const before = [
  migration("applied", "10 10:59", "0", { tool: "knex" }),
  snapshot("10 11:00", "set", ["0"], { tool: "knex" }),
];
const since = [...before, applied("1", careful), applied("2", careful)];
const rebuilt = [...before, built(digestOf("one"), "one"), gone, built(digestOf("again"), "one")];

async function costOf(wish: PlanOptions, statements: readonly Statement[]): Promise<Cost> {
  const counted = await startCounted();
  try {
    const told = recording(counted);
    for (const statement of statements) expect((await told(statement)).outcome).toBe("recorded");
    const { cost, result } = await counted.costOf(() => plan({ store: counted.store, ...when }, PLACE, wish));
    expect(result?.target?.components).toMatchObject([{ digest: digestOf("one") }]);
    return cost;
  } finally {
    await counted.stop();
  }
}

/** The round trips as a table, for whoever has to save one. */
const table = ({ waves }: Cost): string =>
  waves.map((requests, n) => `${n + 1}: ${requests.join(" | ")}`).join("\n");

const wishes: readonly [string, PlanOptions, readonly Statement[], number][] = [
  ["of a moment, its schema kept", { aim: THEN }, since, 3],
  ["of a moment, its schema reverted", reverting, since, 4],
  ["of an image that is gone", { aim: THEN }, rebuilt, 4],
  ["by digest", { aim: { digest: digestOf("one") } }, since, 5],
  ["of the last good release", { aim: { last: "good" } }, since, 6],
];

describe("a plan", () => {
  it.each(wishes)(
    "%s costs so many round trips at any length of history",
    async (_, wish, more, most) => {
      const costs: Cost[] = [];
      for (const n of [3, 30]) costs.push(await costOf(wish, [...earlier(n), ...oneThenTwo(...more)]));
      const [short, long] = costs;
      if (short === undefined || long === undefined) throw new Error("nothing was asked");
      expect(short.depth, table(short)).toBeLessThanOrEqual(most);
      expect(long.depth, table(long)).toBe(short.depth);
      expect(long.requests, table(long)).toBe(short.requests);
    },
    120_000,
  );
});
