import { describe, expect, it } from "vitest";
import { append } from "../../functions/ledger/append.ts";
import { rhythmOf, silenceOf, silentSources } from "../../functions/queries/silent-sources.ts";
import { sources } from "../../functions/queries/sources.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { day, said } from "./given.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday. */
const START = Date.parse("2026-11-02T00:00:00.000Z");
const at = (ms: number): string => new Date(ms).toISOString();

/** A ledger in which sources report at these times. */
async function reporting(bySource: Readonly<Record<string, readonly number[]>>) {
  const store = memoryStore();
  const appending = { store, rules: [], heard: new Set<string>(), people: memoryPeople() };
  for (const [source, times] of Object.entries(bySource)) {
    for (const [n, time] of times.entries()) {
      const statement = said("environment.frozen", day(1), {
        environment: "production",
        source,
        id: `${source}${n}`,
      });
      await append({ ...appending, now: () => new Date(time) }, statement, {
        reportedBy: "ci",
        vendor: "events",
      });
    }
  }
  return store;
}

const every = (ms: number, count: number, from = START): number[] =>
  Array.from({ length: count }, (_, n) => from + n * ms);
const last = (times: readonly number[]): number => times.at(-1) ?? 0;

/** A team's working days: from Monday to Friday at 9, 11, 14 and 17 o'clock, two weeks long. */
const workdays = Array.from({ length: 12 }, (_, n) => n)
  .filter((n) => n % 7 < 5)
  .flatMap((n) => [9, 11, 14, 17].map((hour) => START + n * DAY + hour * HOUR));

const isSilentAt = async (times: readonly number[], nowMs: number, set = new Map<string, number>()) =>
  (await silenceOf({ store: await reporting({ "/a": times }), knownAt: at(nowMs) }, "/a", set))?.isSilent;

describe("a source", () => {
  it("that reports every five minutes is silent after a quarter of an hour", async () => {
    const times = every(5 * MINUTE, 100);
    expect(await isSilentAt(times, last(times) + 14 * MINUTE)).toBe(false);
    expect(await isSilentAt(times, last(times) + 16 * MINUTE)).toBe(true);
  });

  it("of a team that works by day is not silent by night or over a weekend, but after a day too many", async () => {
    const friday = last(workdays);
    expect(await isSilentAt(workdays, friday + 15 * HOUR)).toBe(false);
    expect(await isSilentAt(workdays, friday + 64 * HOUR)).toBe(false);
    expect(await isSilentAt(workdays, friday + 6 * DAY)).toBe(true);
  });

  it("that reports often by day is not silent by night", async () => {
    const busy = Array.from({ length: 10 }, (_, n) => n).flatMap((n) =>
      every(6 * MINUTE, 80, START + n * DAY + 9 * HOUR),
    );
    expect(await isSilentAt(busy, last(busy) + 15 * HOUR)).toBe(false);
    expect(await isSilentAt(busy, last(busy) + 3 * DAY)).toBe(true);
  });

  it("that had one outage is held to its usual rhythm", async () => {
    const times = [...every(HOUR, 20), ...every(HOUR, 20, START + 4 * DAY)];
    expect(await isSilentAt(times, last(times) + 3 * HOUR)).toBe(true);
  });

  it("of which too little is known is not silent", async () => {
    expect(await isSilentAt(every(MINUTE, 3), START + 30 * DAY)).toBe(false);
  });

  it("reports once when it reports several facts within a minute", async () => {
    const bursts = every(HOUR, 12).flatMap((time) => [time, time + 5000, time + 9000]);
    expect(await isSilentAt(bursts, last(bursts) + 90 * MINUTE)).toBe(false);
  });

  it("is held to the time that is set for the longest prefix of its name, or to none", async () => {
    const times = every(5 * MINUTE, 20);
    const set = new Map([
      ["/", 2 * HOUR],
      ["/a", Number.POSITIVE_INFINITY],
    ]);
    expect(await isSilentAt(times, last(times) + HOUR, new Map([["/", 2 * HOUR]]))).toBe(false);
    expect(await isSilentAt(times, last(times) + 3 * HOUR, new Map([["/", 2 * HOUR]]))).toBe(true);
    expect(await isSilentAt(times, last(times) + 30 * DAY, set)).toBe(false);
  });
});

describe("the rhythm", () => {
  it("is twice the longest pause, one outage left out, and ten minutes longer at least", () => {
    expect(rhythmOf([HOUR, HOUR, HOUR, HOUR])).toBeUndefined();
    expect(rhythmOf([HOUR, HOUR, HOUR, HOUR, 3 * HOUR])).toEqual({
      pauseMs: 3 * HOUR,
      lateAfterMs: 6 * HOUR,
    });
    expect(rhythmOf([...Array(9).fill(HOUR), 9 * HOUR])).toEqual({ pauseMs: HOUR, lateAfterMs: 2 * HOUR });
    expect(rhythmOf(Array(9).fill(2 * MINUTE))).toEqual({ pauseMs: 2 * MINUTE, lateAfterMs: 12 * MINUTE });
  });
});

describe("silent sources", () => {
  it("are all those that are late, without the ledger's own", async () => {
    const times = every(5 * MINUTE, 20);
    const store = await reporting({
      "/late": times,
      "/fine": [...times, last(times) + HOUR],
      "/asof/marks": times,
    });
    const silent = await silentSources({ store, knownAt: at(last(times) + HOUR) }, new Map());
    expect(silent.map(({ source }) => source)).toEqual(["/late"]);
  });

  it("are told among the sources, with their rhythm and when they are late", async () => {
    const times = every(5 * MINUTE, 20);
    const known = { store: await reporting({ "/a": times }), knownAt: at(last(times) + HOUR) };
    const aside = { where: "nowhere", count: 0, newest: [] };
    expect((await sources(known, {}, aside, {})).sources).toMatchObject([
      { source: "/a", silent: true, usualPauseS: 300, lateAt: at(last(times) + 15 * MINUTE) },
    ]);
  });
});
