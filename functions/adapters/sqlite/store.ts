/** The store on SQLite: items, and entries that say in which partitions an item stands. */
import { canonical, endOf } from "../../ledger/canonical.ts";
import type { Clock } from "../../ledger/clock.ts";
import {
  type Derived,
  type Directory,
  type Entry,
  type Identity,
  type Name,
  type Page,
  type Partition,
  type Posted,
  type Range,
  type RecordedPartition,
  type Store,
  StoreError,
} from "../../ledger/store.ts";
import { entriesOf, factKey, partOf, partOfDirectory, partOfRecorded, pointerKey } from "../../store/keys.ts";
import type { Damage } from "./damage.ts";
import type { Database } from "./database.ts";
import { type Facts, factsOf, hashOf, hashOfName, type Item, NAME_COLUMNS, nameOf } from "./facts.ts";
import { oneByOne, together, type Waiting } from "./turns.ts";

/** Where an item stands in a partition. */
type Place = readonly [order: string, item: number];

interface Places {
  readonly places: readonly Place[];
  readonly cursor?: string;
}

interface Reading {
  readonly part: string;
  readonly range: Range;
}

/** After every item of an order. */
const LAST = Number.MAX_SAFE_INTEGER;

/**
 * What is bound to a statement for a range. The end that a reading starts from is left out of it, so that a cursor can
 * be that end. An end that is open is null: the statement takes a blob there, which sorts after every text.
 */
function boundsOf({ from, to, descending, cursor }: Range): (string | number | null)[] {
  const start: Place | undefined = cursor === undefined ? undefined : JSON.parse(cursor);
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

/** Reads pages that have one direction and one limit. One row more than the limit tells whether there is more. */
function placesOf(database: Database): (readings: readonly Reading[]) => Places[] {
  const [up, down] = [database.prepare(pagesSql(UP)), database.prepare(pagesSql(DOWN))];
  return (readings) => {
    const { descending = false, limit } = readings[0]?.range ?? { limit: 0 };
    const bound = JSON.stringify(readings.map(({ part, range }) => [part, ...boundsOf(range)]));
    const pages: Place[][] = JSON.parse((descending ? down : up).text(limit + 1, bound));
    return pages.map((page) => {
      const places = page.slice(0, limit);
      return page.length > limit ? { places, cursor: JSON.stringify(places.at(-1)) } : { places };
    });
  };
}

function itemOf(items: ReadonlyMap<number, Item>, [order, id]: Place): Item {
  const item = items.get(id);
  if (item !== undefined) return item;
  throw new StoreError("damaged", `The ledger's file is damaged: item ${id}, at ${order}, is missing.`);
}

const pageOf = <T>({ places, cursor }: Places, one: (place: Place) => T): Page<T> => ({
  entries: places.map(one),
  ...(cursor === undefined ? {} : { cursor }),
});

type WaitingRead = Waiting<Reading, Page<Entry>>;

function grouped(waiting: readonly WaitingRead[]): WaitingRead[][] {
  const groups = new Map<string, WaitingRead[]>();
  for (const one of waiting) {
    const { descending, limit } = one.query.range;
    const key = `${descending === true} ${limit}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Answers readings together; where one fails, each alone, so that it fails alone. */
function answer(
  waiting: readonly WaitingRead[],
  read: (readings: readonly Reading[]) => Places[],
  facts: Facts,
): void {
  try {
    const found = grouped(waiting).flatMap((group) => {
      const pages = read(group.map(({ query }) => query));
      return group.map((one, n) => ({ one, page: pages[n] ?? { places: [] } }));
    });
    const items = facts.read(found.flatMap(({ page }) => page.places.map(([, id]) => id)));
    const answers = found.map(({ one, page }) => ({
      one,
      entries: pageOf(page, (place) => itemOf(items, place)),
    }));
    for (const { one, entries } of answers) one.resolve(entries);
  } catch (error) {
    const [first, ...others] = waiting;
    if (others.length > 0) for (const one of waiting) answer([one], read, facts);
    else first?.reject(error);
  }
}

/** Writing one item with its entries, inside a transaction. */
function writerOf(database: Database) {
  const insertItem = database.prepare(
    "INSERT INTO items (key, fact, hash, rawHash) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const selectItem = database.prepare("SELECT id FROM items WHERE key = ?");
  const insertEntries = database.prepare(
    "INSERT INTO entries (part, ord, item) SELECT value->>0, value->>1, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
  );
  const insertName = database.prepare(
    `INSERT INTO names (${NAME_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return {
    put: (posted: Posted): "written" | "taken" => {
      const bytes = canonical(posted.fact);
      const { changes, id } = insertItem.run(
        factKey(posted.fact),
        bytes,
        hashOf(bytes),
        posted.rawHash ?? null,
      );
      if (changes === 0) return "taken";
      insertEntries.run(id, JSON.stringify(entriesOf(posted)));
      return "written";
    },
    derive: (derived: Derived): void => {
      if (derived.is === "name") {
        const { name, shown, recordedAt } = derived.name;
        const directory = partOfDirectory(derived.directory);
        insertName.run(directory, name, shown, recordedAt, hashOfName(directory, derived.name));
        return;
      }
      const key = pointerKey(derived.fact);
      const bytes = canonical(derived.fact);
      insertItem.run(key, bytes, hashOf(bytes), null);
      insertEntries.run(
        Number(selectItem.text(key)),
        JSON.stringify([[partOf(derived.partition), derived.order]]),
      );
    },
  };
}

/** @param damage what a check found: it is not read as if it were whole */
export function sqliteStore(database: Database, clock: Clock, damage: Damage): Store {
  const facts = factsOf(database);
  const read = placesOf(database);
  const writer = writerOf(database);
  const query = together<Reading, Page<Entry>>((waiting) => answer(waiting, read, facts));
  const inTurn = oneByOne();
  const ids = database.prepare("SELECT id FROM items WHERE key IN (SELECT value FROM json_each(?))");
  const rawHash = database.prepare("SELECT ifnull(rawHash, '') FROM items WHERE key = ?");
  const counted = database.prepare("SELECT count(*) FROM entries WHERE part = ? AND ord <= ifnull(?, X'')");
  const names = {
    up: database.prepare(
      `SELECT ${NAME_COLUMNS} FROM names WHERE directory = ? AND name > ? AND name >= ? AND name <= ifnull(?, X'') ORDER BY name LIMIT ?`,
    ),
    down: database.prepare(
      `SELECT ${NAME_COLUMNS} FROM names WHERE directory = ? AND name < ifnull(?, X'') AND name >= ? AND name <= ifnull(?, X'') ORDER BY name DESC LIMIT ?`,
    ),
  };

  return {
    put: (posted: Posted) => {
      clock.check();
      return database.write(() => writer.put(posted));
    },

    derive: (derived: Derived) => database.write(() => writer.derive(derived)),

    get: async (identities: readonly Identity[]) => {
      damage.check();
      const found = ids.rows(JSON.stringify([...new Set(identities.map(factKey))]));
      const items = facts.read(found.map(([id]) => Number(id)));
      return [...items.values()].map(({ fact }) => fact);
    },

    rawHashOf: async (identity: Identity) => rawHash.text(factKey(identity)) || undefined,

    query: async (partition: Partition, range: Range) => {
      const part = partOf(partition);
      damage.check(part);
      return query({ part, range });
    },

    queryRecorded: async (partition: RecordedPartition, range: Range) => {
      const part = partOfRecorded(partition);
      damage.check(part);
      return inTurn(() => {
        const [page = { places: [] }] = read([{ part, range }]);
        const items = facts.pass(page.places.map(([, id]) => id));
        return pageOf(page, (place) => itemOf(items, place).fact);
      });
    },

    count: async (partition: RecordedPartition, to?: string) => {
      const part = partOfRecorded(partition);
      damage.check(part);
      return inTurn(() => Number(counted.text(part, to === undefined ? null : endOf(to))));
    },

    names: async (directory: Directory, range: Range): Promise<Page<Name>> => {
      const key = partOfDirectory(directory);
      damage.check(key);
      const { from = "", to, descending = false, cursor, limit } = range;
      const end = to === undefined ? null : endOf(to);
      const rows = (descending ? names.down : names.up).rows(
        key,
        cursor ?? (descending ? null : ""),
        from,
        end,
        limit + 1,
      );
      const entries = rows.slice(0, limit).map(nameOf);
      const last = entries.at(-1);
      return rows.length > limit && last !== undefined ? { entries, cursor: last.name } : { entries };
    },
  };
}

/** The newest `recordedAt` of a ledger's file, by which its clock never goes back. */
export function newestRecordedAt(database: Database): string | undefined {
  const [row] = database
    .prepare(
      "SELECT max(json_extract(fact, '$.recordedAt')) FROM items WHERE id > (SELECT max(id) - 1000 FROM items)",
    )
    .rows();
  const [newest] = row ?? [];
  return typeof newest === "string" ? newest : undefined;
}
