/** Any history: a timeline is the same in pages of any size, and in stretches of any length. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Appending, append } from "../../functions/ledger/append.ts";
import { type Stretch, timeline } from "../../functions/queries/timeline/timeline.ts";
import type { TimelineEntry } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { END_MS, history, isHeadAmongParts, isPartRepeated } from "../histories.ts";
import { casesOf } from "../runs.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";

const moments = (statements: readonly Statement[]) =>
  [...new Set(statements.map(({ occurredAt }) => occurredAt))].sort();

async function ledgerOf(statements: readonly Statement[]) {
  const store = memoryStore();
  const now = new Date(END_MS);
  const appending: Appending = { store, rules: [], now: () => now, heard: new Set(), people: memoryPeople() };
  for (const statement of statements)
    await append(appending, statement, { reportedBy: "ci", vendor: "events" });
  return { store, now, knownAt: now.toISOString(), settleMs: 1000 };
}
type Known = Awaited<ReturnType<typeof ledgerOf>>;

async function entries(known: Known, stretch: Stretch, limit = 500): Promise<TimelineEntry[]> {
  const found: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await timeline(known, stretch, { limit, cursor });
    expect(page?.entries.length ?? 0).toBeLessThanOrEqual(limit);
    found.push(...(page?.entries ?? []));
    cursor = page?.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

const happened = (found: readonly TimelineEntry[]) => found.filter(({ what }) => what !== "running");

it("is the same in pages of any size, and in two stretches as in one", async () => {
  const asked = fc.record({
    statements: history,
    limit: fc.integer({ min: 1, max: 5 }),
    service: fc.constantFrom("acme/billing", undefined),
    cut: fc.nat({ max: 99 }),
  });
  const property = fc.asyncProperty(asked, async ({ statements, limit, service, cut }) => {
    // A part that is reported again corrects its set afterwards, which a timeline that ends before cannot know.
    fc.pre(!isPartRepeated(statements));
    // Nor does a head say whether it is newer than a set whose parts were read before and after it.
    fc.pre(!isHeadAmongParts(statements));
    const known = await ledgerOf(statements);
    const times = moments(statements);
    const [from = "", to = ""] = [times[0], times.at(-1)];
    const whole = { environment: "production", service, from, to };
    const all = await entries(known, whole);
    expect(await entries(known, whole, limit)).toEqual(all);

    const middle = times[cut % times.length] ?? from;
    const after = new Date(Date.parse(middle) + 1).toISOString();
    const everything = service === undefined ? all : await entries(known, { ...whole, service: undefined });
    // Not of one service: which databases are its own may be described otherwise at the end of each stretch.
    const first = await entries(known, { ...whole, service: undefined, to: middle });
    const second = after > to ? [] : await entries(known, { ...whole, service: undefined, from: after });
    expect([...happened(first), ...happened(second)]).toEqual(happened(everything));
    expect(happened(all).map(({ at }) => at)).toEqual(
      happened(all)
        .map(({ at }) => at)
        .sort(),
    );
  });
  await fc.assert(property, { numRuns: casesOf(4) });
});
