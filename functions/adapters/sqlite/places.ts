/** The entries of partitions, cached: a partition only grows, and only this process writes. */
import { endOf } from "../../ledger/canonical.ts";
import type { Range } from "../../ledger/store.ts";
import { cacheOf } from "./cache.ts";
import type { Database } from "./database.ts";

/** An item's id with its order in a partition. */
export type Place = readonly [order: string, item: number];

export interface Reading {
  readonly part: string;
  readonly range: Range;
}

/** A page of places; with `cursor` if there is another page. */
export interface Places {
  readonly places: readonly Place[];
  readonly cursor?: string;
}

export interface PlaceIndex {
  /** Pages of partitions, in the order of `readings`. */
  readonly read: (readings: readonly Reading[]) => Places[];
  /** The same without the cache, for a single pass over everything. */
  readonly pass: (readings: readonly Reading[]) => Places[];
  /** Reports that an item was committed. */
  readonly add: (entries: readonly (readonly [part: string, order: string])[], item: number) => void;
}

/** Greater than every item's id. */
const LAST = Number.MAX_SAFE_INTEGER;

const startOf = ({ cursor }: Range): Place | undefined =>
  cursor === undefined ? undefined : JSON.parse(cursor);

const pageOf = (places: readonly Place[], limit: number): Places =>
  places.length > limit
    ? { places: places.slice(0, limit), cursor: JSON.stringify(places[limit - 1]) }
    : { places };

/* From the file */

/**
 * The parameters of a statement for a range. A cursor replaces the bound that the reading starts from, and is exclusive.
 * An open upper bound is null: the statement then uses a blob, which sorts after every text.
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

/** Pages of several partitions as one JSON text, because many rows cost more in the driver than in SQLite. */
const pagesSql = (bounds: string): string => `
  SELECT json_group_array(json((
    SELECT json_group_array(json_array(ord, item))
    FROM (SELECT ord, item FROM entries WHERE part = value->>0 AND ${bounds} LIMIT ?)
  ))) FROM json_each(?)`;

/** Groups items by a key; each item comes with its index. */
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

/** Reads pages from the file: one statement for all that share direction and limit. */
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

/** Size of the cache in places. A place takes about 150 bytes. */
const KEPT_PLACES = 400_000;

/** Maximum size of a cached partition. It is read completely on first use. */
const KEPT_WHOLE = 4096;

/** The number of places before an order and item. Orders are ASCII, so they compare as text as their bytes do. */
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

/** A page of a cached partition. */
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

  /** Reads complete partitions; one that is too long is marked as such in the cache. */
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
