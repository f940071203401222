/** Sources that fell silent: each by its own rhythm, which is learned from its facts, or set. */

import { dayOf } from "../ledger/access-patterns.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { isImported } from "../ledger/imports.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { knownNames, namesIn } from "../ledger/names/directories.ts";

/** When a source counts as silent, in milliseconds by prefix of its name; infinite: never. The longest prefix counts. */
export type SilentAfter = ReadonlyMap<string, number>;

/** The rhythm of a source. */
export interface Rhythm {
  /** The longest pause that is usual for it; absent if it was set. */
  readonly pauseMs?: number;
  /** It is silent when it has reported nothing for longer. Infinite: never. */
  readonly lateAfterMs: number;
}

/** Facts that are looked at first, and pauses that are needed to know a rhythm. */
const NEWEST_FACTS = 50;
const PAUSES_MIN = 5;
/** Active days of which the nights (and weekends) between them are looked at. */
const DAYS = 14;
/** A pipeline reports several facts at once: facts within this time are one report. */
const AT_ONCE_MS = 60_000;
/** No rhythm is so exact that a source is late within this time. */
const GRACE_MS = 10 * 60_000;

/** The pauses between reports. @param times ascending, in milliseconds */
const pausesOf = (times: readonly number[]): number[] =>
  times.slice(1).flatMap((time, n) => {
    const pause = time - (times[n] ?? time);
    return pause >= AT_ONCE_MS ? [pause] : [];
  });

/** A pause that is longer than the next one by this factor was an outage. A weekend is four times as long as a night. */
const OUTAGE = 6;

/**
 * The rhythm that pauses show: a source is late after twice its longest usual pause. One outage is left out. Undefined if
 * there are too few pauses to know.
 */
export function rhythmOf(pauses: readonly number[]): Rhythm | undefined {
  if (pauses.length < PAUSES_MIN) return undefined;
  const [longest = 0, next = 0] = pauses.toSorted((a, b) => b - a);
  const pauseMs = longest > OUTAGE * next ? next : longest;
  return { pauseMs, lateAfterMs: Math.max(2 * pauseMs, pauseMs + GRACE_MS) };
}

/** The time that is set for a source, by the longest prefix of its name. */
export function setFor(source: string, silentAfter: SilentAfter): number | undefined {
  const prefixes = [...silentAfter.keys()].filter((prefix) => source.startsWith(prefix));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : silentAfter.get(longest);
}

const ms = (time: string): number => Date.parse(time);

/** `recordedAt` of the newest, or the oldest, known facts of a day, ascending. */
async function timesOf(
  { store, knownAt }: KnownAt,
  source: string,
  day: string,
  range: { readonly limit: number; readonly descending: boolean },
): Promise<number[]> {
  const { entries } = await store.queryRecorded({ of: "source", source, day }, { to: knownAt, ...range });
  return entries.map(({ recordedAt }) => ms(recordedAt)).sort((a, b) => a - b);
}

/** The days on which a source reported, newest first. */
async function activeDays(known: KnownAt, source: string): Promise<string[]> {
  const days: string[] = [];
  const span = { to: dayOf(known.knownAt), descending: true };
  for await (const { name } of namesIn(known, { of: "days", source }, span, DAYS)) {
    days.push(name);
    if (days.length === DAYS) break;
  }
  return days;
}

/** The newest facts of a source, ascending: those of the newest day, and of days before it until there are enough. */
async function newestTimes(known: KnownAt, source: string, days: readonly string[]): Promise<number[]> {
  let times: number[] = [];
  for (const day of days) {
    if (times.length >= NEWEST_FACTS) break;
    times = [...(await timesOf(known, source, day, { limit: NEWEST_FACTS, descending: true })), ...times];
  }
  return times;
}

/** The pauses between the last report of each active day and the first of the next: nights and weekends. */
async function pausesOverNight(known: KnownAt, source: string, days: readonly string[]): Promise<number[]> {
  const edges = await mapLimit(AT_ONCE, days, async (day) => {
    const [first, last] = await Promise.all([
      timesOf(known, source, day, { limit: 1, descending: false }),
      timesOf(known, source, day, { limit: 1, descending: true }),
    ]);
    return { first: first[0], last: last[0] };
  });
  return edges.slice(1).flatMap(({ last }, n) => {
    const next = edges[n]?.first;
    return last === undefined || next === undefined ? [] : [next - last];
  });
}

export interface Silence {
  readonly source: string;
  /** `recordedAt` of its newest known fact. */
  readonly last: string;
  readonly rhythm?: Rhythm;
  readonly isSilent: boolean;
}

/**
 * Whether a source is silent. Nights and weekends are read only of a source that would be late without them.
 * Undefined if nothing is known of it.
 */
export async function silenceOf(
  known: KnownAt,
  source: string,
  silentAfter: SilentAfter,
): Promise<Silence | undefined> {
  const days = await activeDays(known, source);
  const times = await newestTimes(known, source, days);
  const lastMs = times.at(-1);
  if (lastMs === undefined) return undefined;
  const last = new Date(lastMs).toISOString();
  const pausedMs = ms(known.knownAt) - lastMs;
  // An importer reports the past, once.
  const set = setFor(source, silentAfter) ?? (isImported({ source }) ? Number.POSITIVE_INFINITY : undefined);
  if (set !== undefined) return { source, last, rhythm: { lateAfterMs: set }, isSilent: pausedMs > set };
  const pauses = pausesOf(times);
  const short = rhythmOf(pauses);
  if (short === undefined || pausedMs <= short.lateAfterMs)
    return { source, last, ...(short === undefined ? {} : { rhythm: short }), isSilent: false };
  const nights = await pausesOverNight(known, source, days);
  // A night may be among the pauses of the newest facts, too: an outage must count once.
  const rhythm = rhythmOf([...pauses, ...nights.filter((night) => !pauses.includes(night))]) ?? short;
  return { source, last, rhythm, isSilent: pausedMs > rhythm.lateAfterMs };
}

/** The ledger's own sources, which report when somebody asks for something. */
export const isOwn = (source: string): boolean => source.startsWith("/asof/");

/** All sources that are silent. */
export async function silentSources(known: KnownAt, silentAfter: SilentAfter): Promise<Silence[]> {
  const names: string[] = [];
  for await (const { name } of knownNames(known, { of: "sources" })) if (!isOwn(name)) names.push(name);
  const all = await mapLimit(AT_ONCE, names, (source) => silenceOf(known, source, silentAfter));
  return all.filter((one) => one?.isSilent === true).filter((one) => one !== undefined);
}
