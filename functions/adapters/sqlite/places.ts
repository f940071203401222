/** Where items stand in partitions. What was read is kept: a partition only grows, and this process alone writes. */
import { endOf } from "../../ledger/canonical.ts";
import type { Range } from "../../ledger/store.ts";
import { cacheOf } from "./cache.ts";
import type { Database } from "./database.ts";

/** An item by its number, where it stands in a partition. */
export type Place = readonly [order: string, item: number];

export interface Reading {
  readonly part: string;
  readonly range: Range;
}

/** A page of places; `cursor` where there is more. */
export interface Places {
  readonly places: readonly Place[];
  readonly cursor?: string;
}

export interface PlaceIndex {
  /** Pages of partitions, in the order of the readings. */
  readonly read: (readings: readonly Reading[]) => Places[];
  /** The same without keeping anything: for readings that go through everything once. */
  readonly pass: (readings: readonly Reading[]) => Places[];
  /** Says of an item that it was committed. */
  readonly add: (entries: readonly (readonly [part: string, order: string])[], item: number) => void;
}

/** After every item of an order. */
const LAST = Number.MAX_SAFE_INTEGER;

const startOf = ({ cursor }: Range): Place | undefined =>
  cursor === undefined ? undefined : JSON.parse(cursor);

const pageOf = (places: readonly Place[], limit: number): Places =>
  places.length > limit
    ? { places: places.slice(0, limit), cursor: JSON.stringify(places[limit - 1]) }
    : { places };

/* From the file */

/**
 * What is bound to a statement for a range. The end that a reading starts from is left out of it, so that a cursor can
 * be that end. An end that is open is null: the statement takes a blob there, which sorts after every text.
 */
function boundsOf(range: Range): (string | number | null)[] {
  const { from, to, descending } = range;
  const start = startOf(range);
  const end = to === undefined ? null : endOf(to);
  return descending === true
    ? [from ?? "", start?.[0] ?? end, start?.[1] ?? LAST]
    : [end, start?.[0] ?? from ?? "", start?.[1] ?? -1];
}

const UP = "ord <= ifnull(value->>1, X'') AND (ord, item) > (value->>2, value->>3) ORDER BY ord, item";
const DOWN =
  "ord >= value->>1 AND (ord, item) < (ifnull(value->>2, X''), value->>3) ORDER BY ord DESC, item DESC";

/** Pages of several partitions as one JSON text: reading many rows costs more in the driver than in SQLite. */
const pagesSql = (bounds: string): string => `
  SELECT json_group_array(json((
    SELECT json_group_array(json_array(ord, item))
    FROM (SELECT ord, item FROM entries WHERE part = value->>0 AND ${bounds} LIMIT ?)
  ))) FROM json_each(?)`;

/** Groups things by a key, each group with their numbers among all. */
function grouped<T>(things: readonly T[], keyOf: (one: T) => string): Map<string, [n: number, one: T][]> {
  const groups = new Map<string, [number, T][]>();
  for (const [n, one] of things.entries()) {
    const key = keyOf(one);
    const group = groups.get(key) ?? [];
    group.push([n, one]);
    groups.set(key, group);
  }
  return groups;
}

/** Reads pages from the file, those of one direction and one limit by one statement. */
function fromFile(database: Database): (readings: readonly Reading[]) => Places[] {
  const [up, down] = [database.prepare(pagesSql(UP)), database.prepare(pagesSql(DOWN))];
  return (readings) => {
    const found: Places[] = [];
    const groups = grouped(readings, ({ range }) => `${range.descending === true} ${range.limit}`);
    for (const group of groups.values()) {
      const { descending = false, limit } = group[0]?.[1].range ?? { limit: 0 };
      const bound = JSON.stringify(group.map(([, { part, range }]) => [part, ...boundsOf(range)]));
      // One row more than the limit tells whether there is more.
      const pages: Place[][] = JSON.parse((descending ? down : up).text(limit + 1, bound));
      for (const [m, [n]] of group.entries()) found[n] = pageOf(pages[m] ?? [], limit);
    }
    return found;
  };
}

/* From memory */

/** So many places are kept in all. One takes about 150 bytes. */
const KEPT_PLACES = 400_000;

/** A partition that is kept has at most so many: it is read whole, when it is first asked for. */
const KEPT_WHOLE = 4096;

/** How many places stand before an order and item. Orders are ASCII: as text they compare as their bytes do. */
function rank(places: readonly Place[], order: string, item: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const [at, id] = places[middle] ?? ["", 0];
    if (at < order || (at === order && id < item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A page of a partition that is kept. */
function fromMemory(places: readonly Place[], range: Range): Places {
  const { from, to, limit, descending } = range;
  const start = startOf(range);
  let low = from === undefined ? 0 : rank(places, from, -1);
  let high = to === undefined ? places.length : rank(places, endOf(to), LAST);
  if (start !== undefined && descending === true) high = Math.min(high, rank(places, ...start));
  if (start !== undefined && descending !== true) low = Math.max(low, rank(places, start[0], start[1] + 1));
  // One more than the limit tells whether there is more.
  return descending === true
    ? pageOf(places.slice(Math.max(low, high - limit - 1), Math.max(low, high)).reverse(), limit)
    : pageOf(places.slice(low, Math.max(low, Math.min(high, low + limit + 1))), limit);
}

export function placesOf(database: Database): PlaceIndex {
  const pass = fromFile(database);
  const kept = cacheOf<string, Place[] | "large">(KEPT_PLACES);

  /** Reads partitions whole; one that is too long is remembered as that. */
  function load(parts: ReadonlySet<string>): void {
    const readings = [...parts].map((part) => ({ part, range: { limit: KEPT_WHOLE } }));
    for (const [n, { places, cursor }] of pass(readings).entries()) {
      const part = readings[n]?.part ?? "";
      if (cursor === undefined) kept.set(part, [...places], places.length + 1);
      else kept.set(part, "large", 1);
    }
  }

  function read(readings: readonly Reading[]): Places[] {
    const unknown = readings.filter(({ part }) => kept.get(part) === undefined).map(({ part }) => part);
    if (unknown.length > 0) load(new Set(unknown));
    const known = readings.map(({ part }) => kept.get(part));
    const others = pass(readings.filter((_, n) => typeof known[n] !== "object")).values();
    return readings.map(({ range }, n) => {
      const places = known[n];
      return typeof places === "object" ? fromMemory(places, range) : (others.next().value ?? { places: [] });
    });
  }

  function addTo(part: string, order: string, item: number): void {
    const places = kept.get(part);
    if (places === undefined || places === "large") return;
    const at = rank(places, order, item);
    if (places[at]?.[0] === order && places[at]?.[1] === item) return;
    places.splice(at, 0, [order, item]);
    if (places.length > KEPT_WHOLE) kept.set(part, "large", 1);
    else kept.set(part, places, places.length + 1);
  }

  return {
    read,
    pass,
    add: (entries, item) => {
      for (const [part, order] of entries) addTo(part, order, item);
    },
  };
}
