/** One database in any history: what its tables date is the same in every answer, before and after it was read. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factsAt, versionsOf } from "../../functions/queries/migrations/versions.ts";
import { release } from "../../functions/queries/release/release.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { TimelineEntry } from "../../schemas/answer.ts";
import { type Fact, Statement } from "../../schemas/fact.ts";
import { act, migrated, row, snapshotInParts, snapshotOf } from "../histories/statements.ts";
import type { Act } from "../histories/stories.ts";
import { DAY, moment, time } from "../histories/words.ts";
import { isPartRepeated } from "../histories.ts";
import { oracleRelease } from "../oracle.ts";
import { type Given, given } from "./given.ts";

const PLACE = { environment: "production", service: "acme/billing", database: "billing" };
const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 4, selector: (one) => one.version });
const read = act(fc.tuple(snapshotOf, rows).map(([said, versions]) => ({ ...said, versions })));

const historyOf = (acts: fc.Arbitrary<Act>) =>
  fc
    .array(acts, { minLength: 1, maxLength: 8, size: "max" })
    .map((told) =>
      told
        .flatMap((one) => ("says" in one ? one.says : []))
        .map((said, n) => Statement.parse({ ...said, ...PLACE, source: "/ci", id: String(n) })),
    );
const anyHistory = historyOf(fc.oneof(act(migrated), read, snapshotInParts));
/** A tool's table shows either sets or heads. */
const shownAs = (mode: "set" | "head", statements: readonly Statement[]): Statement[] =>
  statements.map((one) => (one.kind === "migration.snapshot" ? { ...one, mode } : one));

/**
 * Each part is read once (one that is read again corrects a set after the fact), and no two migrations are applied at
 * once (the order of those is the one of their versions, which a set between them does not have).
 */
const unrepeated = (statements: readonly Statement[]): Statement[] => {
  const keys = statements.map((one) => {
    if (one.kind === "migration.applied") return one.occurredAt;
    const part = one.kind === "migration.snapshot" ? one.part : undefined;
    return part === undefined ? one.id : `part ${part.n} of ${part.set}`;
  });
  return statements.filter((_, n) => keys.indexOf(keys[n] ?? "") === n);
};

const releaseAt = (ledger: Given, at: string, knownAt?: string) => release(ledger.at(at, knownAt), PLACE);
const versionsAt = async (ledger: Given, at: string) =>
  versionsOf(await factsAt(ledger.at(at), PLACE.environment, PLACE.database, at), at);

async function entriesOf(ledger: Given, from: string, to: string, limit = 500, service?: string) {
  const entries: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const stretch = { environment: PLACE.environment, service, from, to };
    const page = await timeline(ledger.at(to), stretch, { limit, cursor });
    entries.push(...(page?.entries ?? []));
    cursor = page?.next ?? undefined;
  } while (cursor !== undefined);
  return entries;
}

/** A set that is read in parts is as of its oldest part, and stands where the last one was read. */
const timeOf = ({ at, between }: TimelineEntry): string => between?.before ?? at;
const justAfter = (moment: string): string => new Date(Date.parse(moment) + 1).toISOString();
const inOrder = (one: string, other: string): [string, string] =>
  one <= other ? [one, other] : [other, one];

describe("a database whose table dates its migrations", () => {
  it("stands where the oracle says, by what was known at any moment", async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, moment, fc.nat({ max: 99 }), async (statements, at, cut) => {
        const ledger = await given();
        const facts: Fact[] = [];
        for (const [n, statement] of statements.entries())
          facts.push(await ledger.tell(statement, time(41 * DAY + n)));
        for (const knownAt of [undefined, facts[cut % facts.length]?.recordedAt]) {
          const answer = await releaseAt(ledger, at, knownAt);
          const known = knownAt ?? "2027-01-01T00:00:00.000Z";
          const expected = oracleRelease(facts, { ...PLACE, at, knownAt: known });
          expect(answer?.migrations).toEqual(expected?.migrations);
        }
      }),
    );
  });

  it("moved from one moment to another by what the timeline tells between them", async () => {
    let compared = 0;
    const property = fc.asyncProperty(anyHistory, moment, moment, async (statements, one, other) => {
      // A part that is reported again corrects its set afterwards, which a timeline cannot know.
      fc.pre(!isPartRepeated(statements));
      const ledger = await given(...shownAs("set", unrepeated(statements)));
      const [from, to] = inOrder(one, other);
      const [before, after] = [await versionsAt(ledger, from), await versionsAt(ledger, to)];
      if (!before.isWhole || !after.isWhole || from === to) return;
      compared += 1;
      const versions = new Set(before.applied.map(({ version }) => version));
      const entries = await entriesOf(ledger, justAfter(from), to);
      const byTime = entries.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0));
      for (const { what, version = "" } of byTime) {
        if (what === "migrated") versions.add(version);
        if (what === "reverted") versions.delete(version);
      }
      expect(versions).toEqual(new Set(after.applied.map(({ version }) => version)));
    });
    await fc.assert(property);
    expect(compared).toBeGreaterThan(0);
  });

  it("has one timeline, in pages of any size and in stretches of any length", async () => {
    const asked = fc.record({
      statements: anyHistory,
      cut: moment,
      by: fc.integer({ min: 0, max: 1 }),
      mode: fc.constantFrom("set", "head"),
      limit: fc.integer({ min: 1, max: 3 }),
      service: fc.constantFrom(undefined, PLACE.service),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ statements, mode, cut, by, limit, service }) => {
        const ledger = await given(...shownAs(mode, statements));
        const [from, to] = [time(0), "2026-12-01T00:00:00.000Z"];
        const all = await entriesOf(ledger, from, to, 500, service);
        expect(await entriesOf(ledger, from, to, limit, service)).toEqual(all);
        const middle = by === 0 ? cut : justAfter(cut);
        const first = await entriesOf(ledger, from, middle, limit, service);
        const second = await entriesOf(ledger, justAfter(middle), to, limit, service);
        expect([...first, ...second]).toEqual(all);
        expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort());
      }),
    );
  });

  it("is the same whatever came in first", async () => {
    const asked = fc.tuple(anyHistory, moment).chain(([statements, at]) =>
      fc.record({
        statements: fc.constant(statements),
        shuffled: fc.shuffledSubarray(statements, { minLength: statements.length }),
        at: fc.constant(at),
      }),
    );
    await fc.assert(
      fc.asyncProperty(asked, async ({ statements, shuffled, at }) => {
        const [one, other] = [await given(...statements), await given(...shuffled)];
        expect(await releaseAt(other, at)).toEqual(await releaseAt(one, at));
        const span = [time(0), at] as const;
        expect(await entriesOf(other, ...span)).toEqual(await entriesOf(one, ...span));
      }),
    );
  });

  it("stood where it was known to stand before a snapshot was recorded", async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, rows, moment, async (statements, versions, at) => {
        const ledger = await given(...statements);
        const before = "2026-12-01T00:00:00.000Z";
        const known = await releaseAt(ledger, at, before);
        const occurredAt = "2026-11-30T00:00:00.000Z";
        const late = { ...PLACE, source: "/ci", id: "late", occurredAt, mode: "set", versions };
        await ledger.tell(
          Statement.parse({ ...late, kind: "migration.snapshot" }),
          "2026-12-02T00:00:00.000Z",
        );
        expect(await releaseAt(ledger, at, before)).toEqual(known);
      }),
    );
  });
});
