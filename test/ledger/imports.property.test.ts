/** Any history: what was imported beside the live events of the same past changes no answer, in any order. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Appending, append } from "../../functions/ledger/append.ts";
import { history as historyOf } from "../../functions/queries/history.ts";
import { artifact, tag } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import { Statement } from "../../schemas/fact.ts";
import { END_MS, history } from "../histories.ts";
import { casesOf } from "../runs.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { shownBy } from "./given.ts";
import { pastOf, steps, VENDORS } from "./pasts.ts";

const END = new Date(END_MS).toISOString();

async function ledgerOf(statements: readonly Statement[]) {
  const store = memoryStore();
  const now = new Date(END_MS);
  const people = memoryPeople();
  const appending: Appending = { store, rules: [], now: () => now, heard: new Set(), people };
  for (const statement of statements)
    await append(appending, statement, { reportedBy: "ci", vendor: "events" });
  return { people, known: { store, now, knownAt: END, settleMs: 1000 } };
}

/** The same event as an importer reads it; the time of a deployment may be rounded, or be another one altogether. */
function importOf(live: Statement, n: number, byMs: number): Statement[] {
  const copy = { ...live, source: "/import/test", id: `copy ${n}` };
  if (live.kind === "artifact.pushed") return [Statement.parse(copy)];
  if (!("deployment" in live) || live.deployment === undefined) return [];
  if (!live.kind.startsWith("deployment.")) return [];
  const occurredAt = new Date(Math.min(Date.parse(live.occurredAt) + byMs, END_MS)).toISOString();
  return [Statement.parse({ ...copy, occurredAt, ...("since" in live ? { since: occurredAt } : {}) })];
}

const withoutImports = (answer: unknown): unknown =>
  // How a name is spelt depends on who recorded it first.
  JSON.parse(
    JSON.stringify(answer ?? null, (key, value) =>
      key === "alsoReported" ? undefined : value,
    ).toLowerCase(),
  );

interface Place {
  readonly environment: string;
  readonly service: string;
}
const PLACES = ["production", "staging"].flatMap((environment) =>
  ["acme/billing", "acme/web"].map((service) => ({ environment, service })),
);

async function answersOf(
  statements: readonly Statement[],
  live: readonly Statement[],
  places: readonly Place[] = PLACES,
): Promise<unknown> {
  const { known, people } = await ledgerOf(statements);
  const times = [...new Set(live.map(({ occurredAt }) => occurredAt))].sort();
  const [from = "", to = ""] = [times[0], times.at(-1)];
  const pushes = live.flatMap((one) => (one.kind === "artifact.pushed" ? [one] : []));
  const moments = [...times.slice(-1), END];
  const [first] = places;
  const answers = [
    await Promise.all(places.flatMap((place) => moments.map((at) => release({ ...known, at }, place)))),
    first && [
      await timeline(known, { environment: first.environment, from, to }, {}),
      await timeline(known, { ...first, from, to }, {}),
      await historyOf(known, { environment: first.environment, from, to }, {}),
    ],
    await Promise.all(pushes.map(({ digest }) => artifact({ ...known, at: END }, { digest }))),
    await Promise.all(
      pushes.map((one) =>
        one.tag === undefined
          ? null
          : tag({ ...known, at: END }, { repository: one.repository, tag: one.tag }),
      ),
    ),
  ];
  return withoutImports(await shownBy(people, answers));
}

/** All statements, in the order of the keys. */
const shuffled = (all: readonly Statement[], order: readonly number[]): Statement[] =>
  all
    .map((one, n) => ({ one, key: order[n % order.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);

const anyOrder = fc.array(fc.nat(), { minLength: 64, maxLength: 64 });

it("answers as a ledger that heard all of it live", { timeout: 600_000 }, async () => {
  const asked = fc.record({
    statements: history,
    skipped: fc.nat({ max: 15 }),
    byMs: fc.constantFrom(0, 0, 999, -60_000, 3_600_000, -86_400_000),
    order: anyOrder,
  });
  const property = fc.asyncProperty(asked, async ({ statements, skipped, byMs, order }) => {
    // What a live sender takes back is no longer reported live, and the import of it counts.
    const live = statements.filter(({ kind }) => kind !== "fact.retracted");
    fc.pre(live.length > 0);
    const imported = live.flatMap((one, n) => (n % 16 === skipped ? [] : importOf(one, n, byMs)));
    const all = shuffled([...live, ...imported], order);
    expect(await answersOf(all, live)).toEqual(await answersOf(live, live));
  });
  await fc.assert(property, { numRuns: casesOf(10) });
});

/** Where deployments are: every vendor's past is of one service. */
const placesIn = (live: readonly Statement[]): Place[] =>
  live
    .flatMap((one) =>
      "service" in one && "environment" in one && one.service !== undefined && one.environment !== undefined
        ? [{ environment: one.environment, service: one.service }]
        : [],
    )
    .slice(0, 1);

it.each(VENDORS)(
  "answers as a ledger that heard all of it live: %s",
  { timeout: 600_000 },
  async (vendor) => {
    const asked = fc.record({ all: steps, order: anyOrder });
    const property = fc.asyncProperty(asked, async ({ all, order }) => {
      const { live, imported } = await pastOf(vendor, all);
      expect(imported.length).toBeGreaterThan(0);
      const places = placesIn(live);
      const both = await answersOf(shuffled([...live, ...imported], order), live, places);
      expect(both).toEqual(await answersOf(live, live, places));
    });
    await fc.assert(property, { numRuns: casesOf(5) });
  },
);
