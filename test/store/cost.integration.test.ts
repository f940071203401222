/** Cost is behaviour: how many requests a question takes, and how many of them one after the other. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import type { Reads } from "../../functions/ledger/loader.ts";
import { revealed, revealingAhead } from "../../functions/ledger/people/people.ts";
import { effectiveDeploymentsAt } from "../../functions/queries/release/deployment-reader.ts";
import { release } from "../../functions/queries/release/release.ts";
import { Release } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { digestOf } from "../ledger/given.ts";
import { type Cost, type Counted, recording, startCounted } from "./counting.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { AT, common, HERE, lengthened } from "./told.ts";

/** Ten times the history, and more than the first pages of any reading. */
const [SHORT, LONG] = [3, 30];

const momentOf = (store: Reads): AsOf => ({
  store,
  at: AT,
  knownAt: "2027-01-01T00:00:00.000Z",
  now: new Date("2027-01-02T00:00:00.000Z"),
  settleMs: 1000,
});

/** Whoever deploys is somebody else than whoever starts it, so that a release names two. */
const by = (statement: Statement): Statement => ({
  ...statement,
  actor: statement.kind === "deployment.started" ? "hubot" : "octocat",
});

/** The release as a process answers it that has just started, and knows nobody's login. */
async function shown({ store, people }: Counted): Promise<Release> {
  const asked = people();
  const answer = await release(momentOf(revealingAhead(store, asked)), HERE);
  return Release.parse(JSON.parse(await revealed(asked, JSON.stringify(answer))));
}

/** The round trips as a table, for whoever has to save one. */
const table = ({ waves }: Cost): string =>
  waves.map((requests, n) => `${n + 1}: ${requests.join(" | ")}`).join("\n");

/** Each component of a release, how it was resolved, and the name of its image. */
const shownBy = (answer: Release | undefined): string[] =>
  (answer?.components ?? []).map(({ component, resolvedBy, digest }) => {
    const image = ["image", "other"].find((name) => digestOf(name) === digest);
    return `${component}: ${resolvedBy} ${image ?? digest}`;
  });

/** Opens a folder's ledger, tells it something, and asks it something. */
async function inLedger<T>(
  folder: string,
  statements: readonly Statement[],
  ask: (counted: Counted) => Promise<T>,
): Promise<T> {
  const counted = await startCounted(folder);
  try {
    const told = recording(counted);
    for (const statement of statements) {
      const { outcome } = await told(by(statement));
      if (outcome !== "recorded") throw new Error(`was not recorded: ${JSON.stringify(statement)}`);
    }
    return await ask(counted);
  } finally {
    await counted.stop();
  }
}

describe("asking what ran", () => {
  // What every service has is told once for each length of history, and copied for each scenario.
  let folders: string;
  const folderOf = (n: number): string => join(folders, `of ${n}`);
  beforeAll(async () => {
    folders = await mkdtemp(join(tmpdir(), "asof-cost-"));
    for (const n of [SHORT, LONG]) {
      await inLedger(folderOf(n), [...common, ...lengthened(n)], () => Promise.resolve());
    }
  }, 120_000);
  afterAll(() => rm(folders, { recursive: true }));

  async function inCopy<T>(
    n: number,
    statements: readonly Statement[],
    ask: (counted: Counted) => Promise<T>,
  ): Promise<T> {
    const folder = await mkdtemp(join(folders, "asked-"));
    await cp(folderOf(n), folder, { recursive: true });
    const answer = await inLedger(folder, statements, ask);
    await rm(folder, { recursive: true });
    return answer;
  }

  const costsOf = ({ told }: Scenario, n: number) =>
    inCopy(n, told(n), async (counted) => {
      const { store, costOf } = counted;
      const selector = { environment: fold(HERE.environment), service: fold(HERE.service) };
      const running = await costOf(() => effectiveDeploymentsAt(momentOf(store), selector, AT));
      const { cost: whole, result } = await costOf(() => shown(counted));
      expect(result.deployedBy ?? "octocat").toBe("octocat");
      expect(result.attempt?.by ?? "hubot").toBe("hubot");
      return { known: running.cost, whole, shows: shownBy(result) };
    });

  it.each(SCENARIOS.map((one) => [one.what, one] as const))(
    "costs at most five round trips at any length of history: %s",
    { timeout: 120_000 },
    async (_, one) => {
      const short = await costsOf(one, SHORT);
      const long = await costsOf(one, LONG);
      expect(short.shows).toEqual(one.shows);
      expect(long.shows).toEqual(one.shows);
      expect(short.known.depth, table(short.known)).toBeLessThanOrEqual(one.known);
      expect(short.whole.depth, table(short.whole)).toBeLessThanOrEqual(5);
      expect(table(long.known)).toBe(table(short.known));
      expect(long.whole.depth, table(long.whole)).toBe(short.whole.depth);
      expect(long.whole.requests, table(long.whole)).toBe(short.whole.requests);
    },
  );

  it("costs one round trip where the name was never heard of, at any length of others' history", async () => {
    const ask = (n: number) =>
      inCopy(n, [], ({ store, costOf }) =>
        costOf(() => release(momentOf(store), { ...HERE, service: "acme/unknown" })),
      );
    const [short, long] = [await ask(SHORT), await ask(LONG)];
    expect([short.result, long.result]).toEqual([undefined, undefined]);
    expect(short.cost.depth).toBe(1);
    expect(long.cost).toEqual(short.cost);
  });
});
