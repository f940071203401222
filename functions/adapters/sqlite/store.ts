/** The store on SQLite: items, and entries, which place items in partitions. */
import { canonical, canonicalFact, endOf } from "../../ledger/canonical.ts";
import type { Clock } from "../../ledger/clock.ts";
import {
  type Directory,
  type Entry,
  type Identity,
  type IndexEntry,
  type IndexedFact,
  type Name,
  type Page,
  type Partition,
  type Range,
  type RecordedPartition,
  type Store,
  StoreError,
} from "../../ledger/store.ts";
import { entriesOf, factKey, partOf, partOfDirectory, partOfRecorded, pointerKey } from "../keys.ts";
import type { Damage } from "./damage.ts";
import type { Database } from "./database.ts";
import { type Facts, factsOf, hashOf, hashOfName, type Item, NAME_COLUMNS } from "./facts.ts";
import { namesOf } from "./names.ts";
import { type Place, type PlaceIndex, type Places, placesOf, type Reading } from "./places.ts";
import { oneByOne, together, type Waiting } from "./turns.ts";

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

/** Answers readings together; if one fails, each separately, so that only the faulty one fails. */
function answer(waiting: readonly WaitingRead[], index: PlaceIndex, facts: Facts, damage: Damage): void {
  try {
    for (const { query } of waiting) damage.check(query.part);
    const pages = index.read(waiting.map(({ query }) => query));
    const items = facts.read(pages.flatMap(({ places }) => places.map(([, id]) => id)));
    const answers = pages.map((page) => pageOf(page, (place) => itemOf(items, place)));
    for (const [n, { resolve }] of waiting.entries()) resolve(answers[n] ?? { entries: [] });
  } catch (error) {
    const [first, ...others] = waiting;
    if (others.length > 0) for (const one of waiting) answer([one], index, facts, damage);
    else first?.reject(error);
  }
}

type Pointer = Extract<IndexEntry, { is: "pointer" }>;

/** A written item, and its entries. */
interface Written {
  readonly item: number;
  readonly entries: readonly (readonly [part: string, order: string])[];
}

/** Writes one item with its entries, inside a transaction. */
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
    /** Returns undefined if the key is taken. */
    put: (posted: IndexedFact): Written | undefined => {
      const bytes = canonicalFact(posted.fact);
      const { changes, id } = insertItem.run(
        factKey(posted.fact),
        bytes,
        hashOf(bytes),
        posted.rawHash ?? null,
      );
      if (changes === 0) return undefined;
      const entries = entriesOf(posted);
      insertEntries.run(id, JSON.stringify(entries));
      return { item: id, entries };
    },
    name: (directory: string, name: Name): void => {
      insertName.run(directory, name.name, name.shown, name.recordedAt, hashOfName(directory, name));
    },
    pointer: ({ partition, order, fact }: Pointer): Written => {
      const key = pointerKey(fact);
      const bytes = canonical(fact);
      insertItem.run(key, bytes, hashOf(bytes), null);
      const item = Number(selectItem.text(key));
      const entries = [[partOf(partition), order]] as const;
      insertEntries.run(item, JSON.stringify(entries));
      return { item, entries };
    },
  };
}

/** @param damage the findings of a check: reading a damaged part fails */
export function sqliteStore(database: Database, clock: Clock, damage: Damage): Store {
  const facts = factsOf(database);
  const index = placesOf(database);
  const directories = namesOf(database);
  const writer = writerOf(database);
  const query = together<Reading, Page<Entry>>((waiting) => answer(waiting, index, facts, damage));
  const inTurn = oneByOne();
  const ids = database.prepare("SELECT id FROM items WHERE key IN (SELECT value FROM json_each(?))");
  const rawHash = database.prepare("SELECT ifnull(rawHash, '') FROM items WHERE key = ?");
  const counted = database.prepare("SELECT count(*) FROM entries WHERE part = ? AND ord <= ifnull(?, X'')");

  return {
    put: async (posted: IndexedFact) => {
      clock.check();
      const written = await database.write(() => writer.put(posted));
      if (written === undefined) return "taken";
      index.add(written.entries, written.item);
      return "written";
    },

    derive: async (derived: IndexEntry) => {
      if (derived.is === "pointer") {
        const { entries, item } = await database.write(() => writer.pointer(derived));
        index.add(entries, item);
        return;
      }
      const directory = partOfDirectory(derived.directory);
      await database.write(() => writer.name(directory, derived.name));
      directories.forget(directory);
    },

    get: async (identities: readonly Identity[]) => {
      damage.check();
      const found = ids.rows(JSON.stringify([...new Set(identities.map(factKey))]));
      const items = facts.read(found.map(([id]) => Number(id)));
      return [...items.values()].map(({ fact }) => fact);
    },

    rawHashOf: async (identity: Identity) => rawHash.text(factKey(identity)) || undefined,

    query: (partition: Partition, range: Range) => query({ part: partOf(partition), range }),

    queryRecorded: async (partition: RecordedPartition, range: Range) => {
      const part = partOfRecorded(partition);
      damage.check(part);
      return inTurn(() => {
        const [page = { places: [] }] = index.pass([{ part, range }]);
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
      return directories.read(key, range);
    },
  };
}

/** The newest `recordedAt` of a ledger's file; the ledger's clock never goes back behind it. */
export function newestRecordedAt(database: Database): string | undefined {
  const [row] = database
    .prepare(
      "SELECT max(json_extract(fact, '$.recordedAt')) FROM items WHERE id > (SELECT max(id) - 1000 FROM items)",
    )
    .rows();
  const [newest] = row ?? [];
  return typeof newest === "string" ? newest : undefined;
}
