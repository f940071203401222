/**
 * MongoDB, through `mongodb`: `hello`, `listCollections` and `find` of one collection, nothing else. A collection has no
 * columns but the fields of its documents. The clock is read before the documents, which are no snapshot of one moment.
 */
import { installedDriver } from "../optional-packages.ts";
import { CONNECT_MS, type Database, QUERY_MS, type Row, type Table } from "./driver.ts";

type Document = Readonly<Record<string, unknown>>;

/** What is used of the driver, for one database. Methods throw the driver's errors. */
export interface Documents {
  /** The server's clock: `localTime` of `hello`. */
  readonly clock: () => Promise<Date>;
  /** The names of the collections that this login may read, in any order; no views. */
  readonly collections: () => Promise<string[]>;
  /** Documents of a collection, in any order: all, or as many as `limit`. Dates are `Date`, other values as the driver has them. */
  readonly documents: (collection: string, limit?: number) => Promise<Document[]>;
  readonly close: () => Promise<void>;
}

/** So many documents show the fields of a history: some are in a part of its documents only. */
const SAMPLE = 100;

export function documentDatabase({ clock, collections, documents, close }: Documents): Database {
  const tableOf = async (name: string): Promise<Table> => ({
    schema: undefined,
    name,
    columns: columnsOf(await documents(name, SAMPLE)),
  });
  return {
    engine: "MongoDB",
    close,
    clock: async () => (await clock()).toISOString(),
    tables: async (isWanted) => {
      const names = (await collections()).filter(isWanted).sort();
      return Promise.all(names.map(tableOf));
    },
    rows: async ({ name }) => (await documents(name)).map(rowOf),
  };
}

/** Without `_id`, which every collection has. */
const fieldsOf = (document: Document): [string, unknown][] =>
  Object.entries(document).filter(([name]) => name !== "_id");

/** A field has the type of its first value that is not null. */
function columnsOf(documents: readonly Document[]): Table["columns"] {
  const fields = documents.flatMap(fieldsOf);
  const present = fields.filter(([, value]) => value !== null && value !== undefined);
  return new Map(
    [...fields, ...present.reverse()].map(([name, value]) => [
      name.toLowerCase(),
      { name, type: value instanceof Date ? "date" : typeof value },
    ]),
  );
}

const rowOf = (document: Document): Row =>
  Object.fromEntries(fieldsOf(document).map(([name, value]) => [name.toLowerCase(), textOf(value)]));

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const NAMED = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]+/i;

export async function openMongodb(url: string): Promise<Database> {
  if (!NAMED.test(url)) throw new Error("its address must name the database: mongodb://host/database");
  const { MongoClient } = await installedDriver("mongodb", () => import("mongodb"));
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: CONNECT_MS,
    connectTimeoutMS: CONNECT_MS,
    socketTimeoutMS: QUERY_MS,
  });
  const database = client.db();
  return documentDatabase({
    clock: async () => {
      const { localTime } = await database.command({ hello: 1 });
      return new Date(localTime);
    },
    collections: async () => {
      const only = { nameOnly: true, authorizedCollections: true };
      return (await database.listCollections({ type: "collection" }, only).toArray()).map(({ name }) => name);
    },
    documents: (collection, limit = 0) =>
      database.collection(collection).find({}, { limit, maxTimeMS: QUERY_MS }).toArray(),
    close: () => client.close(),
  });
}
