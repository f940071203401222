/** Cost is behaviour: how many requests a redeployment's course takes, and how many of them one after the other. */
import { expect, it } from "vitest";
import { REDEPLOYMENTS } from "../../functions/ledger/redeployed.ts";
import { redeployment } from "../../functions/plan/redeployment/status.ts";
import type { Statement } from "../../schemas/fact.ts";
import { type Cost, recording, startCounted } from "../store/counting.ts";
import { digestOf, said } from "./given.ts";
import { main, PLACE, REPOSITORY, succeeded, time } from "./saying.ts";

const ID = "0123456789abcdef.1";
const when = {
  at: time("21 12:00"),
  knownAt: "2027-01-01T00:00:00.000Z",
  now: new Date("2027-01-02T00:00:00.000Z"),
  settleMs: 1000,
};
const image = main({ digest: digestOf("one"), repository: REPOSITORY });

const requested = said("redeployment.requested", time("20 10:00"), {
  ...PLACE,
  source: REDEPLOYMENTS,
  id: ID,
  question: { last: "good", knownAt: time("20 10:00") },
  planHash: "0".repeat(64),
  components: [image],
  deadline: time("20 11:00"),
  key: "1",
  reason: "it broke",
});

/** Deployments and freezes before and after. */
const others = (n: number): Statement[] =>
  Array.from({ length: n }, (_, k) => {
    const minute = String(k % 60).padStart(2, "0");
    return [
      succeeded(`19 09:${minute}`, [main({ digest: digestOf(`early ${k}`), repository: REPOSITORY })]),
      said("environment.frozen", time(`19 10:${minute}`), PLACE),
      said("environment.unfrozen", time(`19 11:${minute}`), PLACE),
      succeeded(`21 09:${minute}`, [main({ digest: digestOf(`late ${k}`), repository: REPOSITORY })]),
    ];
  }).flat();

async function costOf(statements: readonly Statement[]): Promise<Cost> {
  const counted = await startCounted();
  try {
    const told = recording(counted);
    for (const statement of statements) expect((await told(statement)).outcome).toBe("recorded");
    const { cost, result } = await counted.costOf(() => redeployment({ store: counted.store, ...when }, ID));
    expect(result?.status).toBe("succeeded");
    return cost;
  } finally {
    await counted.stop();
  }
}

it("takes its fact, what happened until its deadline, and its image: as many at any length of history", async () => {
  const course = [requested, succeeded("20 10:05", [image])];
  const short = await costOf(course);
  expect(short.depth, JSON.stringify(short.waves)).toBeLessThanOrEqual(3);
  expect(short.requests).toBeLessThanOrEqual(4);
  const long = await costOf([...others(60), ...course]);
  expect(long).toEqual(short);
});

it("takes a release more where its deployment names no digest", async () => {
  const pushed = said("artifact.pushed", time("10 10:00"), {
    repository: REPOSITORY,
    digest: digestOf("one"),
    tag: "1",
  });
  const byTag = succeeded("20 10:05", [main({ repository: REPOSITORY, tag: "1" })]);
  const { depth, waves } = await costOf([pushed, requested, byTag]);
  expect(depth, JSON.stringify(waves)).toBeLessThanOrEqual(3 + 5);
});
