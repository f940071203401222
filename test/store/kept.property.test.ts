/** SQLite's store keeps what it has read: what it answers from memory is what stands in the file. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Range, Store } from "../../functions/ledger/store.ts";
import { RUNS } from "../runs.ts";
import { memoryStore } from "./memory.ts";
import { drained, FREEZES, frozen, keep } from "./stores.ts";

const at = (minute: number): string => new Date(Date.UTC(2026, 9, 20, 8, minute)).toISOString();
const minute = fc.nat(9).map(at);

const step = fc.oneof(
  fc.record({ is: fc.constant("put" as const), id: fc.nat(30).map(String), at: minute }),
  fc.record({
    is: fc.constant("read" as const),
    from: fc.option(minute, { nil: undefined }),
    to: fc.option(minute, { nil: undefined }),
    descending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 12 }),
  }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const rangeOf = ({ from, to, descending, limit }: Extract<Step, { is: "read" }>): Range => ({
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
  descending,
  limit,
});

/** What a step gives: of a reading every page, with what stands beside the facts. */
async function done(store: Store, one: Step): Promise<unknown> {
  if (one.is === "put") return keep(store, frozen("/a", one.id, { at: one.at }));
  const range = rangeOf(one);
  const entries = await drained((page) => store.query(FREEZES, page), range);
  const services = await drained((page) => store.names({ of: "months", environment: "production" }, page));
  return { entries, services };
}

const storeOn = (database: ReturnType<typeof temporaryDatabase>): Store =>
  sqliteStore(database, steadyClock(undefined), noDamage());

describe("what was read before", () => {
  it("is read again with what was put since, whatever was read and put in between", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const database = temporaryDatabase();
        const [kept, memory] = [storeOn(database), memoryStore()];
        for (const one of steps) {
          const expected = await done(memory, one);
          expect(await done(kept, one)).toEqual(expected);
          if (one.is === "read") expect(await done(storeOn(database), one)).toEqual(expected);
        }
        database.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("is read from the file where a partition grows too long to be kept", async () => {
    const database = temporaryDatabase();
    const store = storeOn(database);
    const put = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, n) =>
          keep(store, frozen("/a", String(from + n), { at: at(from + n) })),
        ),
      );
    const newest = async () =>
      (await store.query(FREEZES, { descending: true, limit: 1 })).entries[0]?.fact.id;
    const count = async () => (await drained((range) => store.query(FREEZES, range))).length;
    for (const length of [4090, 4096, 4097, 4100, 4200]) {
      await put(await count(), length);
      expect(await newest()).toBe(String(length - 1));
      expect(await count()).toBe(length);
    }
    database.close();
  });
});
