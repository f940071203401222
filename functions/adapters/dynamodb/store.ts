/** The store on DynamoDB, or on any server with its API. */
import { setTimeout } from "node:timers/promises";
import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { Fact } from "../../../schemas/fact.ts";
import { canonical, canonicalFact, endOf } from "../../ledger/canonical.ts";
import { pagesOf } from "../../ledger/loader.ts";
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
import {
  derivedKeys,
  factKey,
  factKeys,
  INDEXES,
  placeOf,
  placeOfDirectory,
  placeOfRecorded,
} from "../keys.ts";

type Item = Record<string, AttributeValue>;

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

const BATCH = 100;
const BATCH_ATTEMPTS = 8;

const THROTTLES = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
]);
const MISTAKES = new Set(["ResourceNotFoundException", "ValidationException", "AccessDeniedException"]);

export function fault(error: unknown): StoreError {
  const name = error instanceof Error ? error.name : "";
  const code = THROTTLES.has(name) ? "throttled" : MISTAKES.has(name) ? "misconfigured" : "unavailable";
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError(code, `DynamoDB: ${name}: ${message}`, error);
}

/** Awaits an answer of the service, and converts its errors to a StoreError. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw fault(error);
  }
}

const strings = (values: Record<string, string>): Item =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }]));

const factOf = (item: Item): Fact => JSON.parse(item.fact?.S ?? "null");

const nameOf = (item: Item): Name => ({
  name: item.order?.S ?? "",
  shown: item.shown?.S ?? "",
  recordedAt: item.recordedAt?.S ?? "",
});

const contentOf = (derived: IndexEntry): Record<string, string> =>
  derived.is === "name"
    ? { shown: derived.name.shown, recordedAt: derived.name.recordedAt }
    : { fact: canonical(derived.fact) };

export function dynamodbStore({ client, name: table }: Table): Store {
  async function put(item: Record<string, string>): Promise<"written" | "taken"> {
    try {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: strings(item),
          ConditionExpression: "attribute_not_exists(#key)",
          ExpressionAttributeNames: { "#key": "key" },
        }),
      );
      return "written";
    } catch (error) {
      if (error instanceof Error && error.name === "ConditionalCheckFailedException") return "taken";
      throw fault(error);
    }
  }

  async function one(key: string): Promise<Item[]> {
    const input = { TableName: table, Key: { key: { S: key } }, ConsistentRead: true };
    const got = await asked(client.send(new GetItemCommand(input)));
    return got.Item === undefined ? [] : [got.Item];
  }

  /** Items by key, strongly consistent. Keys that the service leaves unprocessed under load are requested again. */
  async function items(keys: readonly string[]): Promise<Item[]> {
    const found: Item[] = [];
    let wanted: Item[] = keys.map((key) => ({ key: { S: key } }));
    for (let attempt = 0; wanted.length > 0; attempt++) {
      if (attempt === BATCH_ATTEMPTS)
        throw new StoreError("throttled", "DynamoDB leaves keys of a batch unread");
      if (attempt > 0) await setTimeout(2 ** attempt * 10 * Math.random());
      const RequestItems = { [table]: { Keys: wanted, ConsistentRead: true } };
      const got = await asked(client.send(new BatchGetItemCommand({ RequestItems })));
      found.push(...(got.Responses?.[table] ?? []));
      wanted = got.UnprocessedKeys?.[table]?.Keys ?? [];
    }
    return found;
  }

  async function itemsOf(keys: readonly string[]): Promise<Item[]> {
    const distinct = [...new Set(keys)];
    if (distinct.length === 1) return one(distinct[0] ?? "");
    const batches = Array.from({ length: Math.ceil(distinct.length / BATCH) }, (_, n) =>
      items(distinct.slice(n * BATCH, (n + 1) * BATCH)),
    );
    return (await Promise.all(batches)).flat();
  }

  /** Items of an index that holds only keys are then read by key. */
  async function present(hits: Item[], index: string): Promise<Item[]> {
    const isBare = INDEXES.some(({ name, include }) => name === index && include.length === 0);
    if (!isBare || hits.length === 0) return hits;
    const stored = await itemsOf(hits.map((hit) => hit.key?.S ?? ""));
    const byKey = new Map(stored.map((item) => [item.key?.S, item]));
    return hits.flatMap((hit) => {
      const item = byKey.get(hit.key?.S);
      return item === undefined ? [] : [item];
    });
  }

  async function query(place: { index: string; key: string }, range: Range): Promise<Page<Item>> {
    // DynamoDB refuses a range whose end is before its start.
    if (range.from !== undefined && range.to !== undefined && range.from > endOf(range.to))
      return { entries: [] };
    const input = { TableName: table, ...conditions(place, range), Limit: range.limit };
    const got = await asked(client.send(new QueryCommand(input)));
    const entries = await present(got.Items ?? [], place.index);
    const next = got.LastEvaluatedKey;
    return next === undefined ? { entries } : { entries, cursor: JSON.stringify(next) };
  }

  return {
    put: ({ rawHash, ...posted }: IndexedFact) =>
      put({
        ...factKeys(posted),
        fact: canonicalFact(posted.fact),
        ...(rawHash === undefined ? {} : { rawHash }),
      }),

    derive: async (derived: IndexEntry) => {
      await put({ ...derivedKeys(derived), ...contentOf(derived) });
    },

    get: async (identities: readonly Identity[]) => (await itemsOf(identities.map(factKey))).map(factOf),

    rawHashOf: async (identity: Identity) => (await one(factKey(identity)))[0]?.rawHash?.S,

    query: async (partition: Partition, range: Range): Promise<Page<Entry>> => {
      const page = await query(placeOf(partition), range);
      return {
        ...page,
        entries: page.entries.map((item) => ({
          fact: factOf(item),
          provisional: item.key?.S?.startsWith("P#") ?? false,
        })),
      };
    },

    queryRecorded: async (partition: RecordedPartition, range: Range) => {
      const page = await query(placeOfRecorded(partition), range);
      return { ...page, entries: page.entries.map(factOf) };
    },

    count: async (partition: RecordedPartition, to?: string) => {
      const bound = to === undefined ? {} : { to };
      const pages = pagesOf(async (from) => {
        const range = { limit: 0, ...bound, ...from };
        const keys = conditions(placeOfRecorded(partition), range);
        const input = { TableName: table, ...keys, Select: "COUNT" } as const;
        const { Count = 0, LastEvaluatedKey: next } = await asked(client.send(new QueryCommand(input)));
        return { entries: [Count], ...(next === undefined ? {} : { cursor: JSON.stringify(next) }) };
      });
      let sum = 0;
      for await (const [count = 0] of pages) sum += count;
      return sum;
    },

    names: async (directory: Directory, range: Range) => {
      const page = await query(placeOfDirectory(directory), range);
      return { ...page, entries: page.entries.map(nameOf) };
    },
  };
}

/** A range of an index as key conditions; orders are text, so a prefix can be a bound. */
function conditions(
  place: { index: string; key: string },
  range: Range,
): Omit<QueryCommandInput, "TableName"> {
  const index = INDEXES.find(({ name }) => name === place.index);
  if (index === undefined) throw new StoreError("misconfigured", `there is no index ${place.index}`);
  const bounds: Record<string, AttributeValue> = {};
  if (range.from !== undefined) bounds[":from"] = { S: range.from };
  if (range.to !== undefined) bounds[":to"] = { S: endOf(range.to) };
  const both = range.from !== undefined && range.to !== undefined;
  const bound = both
    ? " AND #order BETWEEN :from AND :to"
    : range.from !== undefined
      ? " AND #order >= :from"
      : range.to !== undefined
        ? " AND #order <= :to"
        : "";
  return {
    IndexName: index.name,
    KeyConditionExpression: `#partition = :partition${bound}`,
    ExpressionAttributeNames: {
      "#partition": index.partition,
      ...(bound === "" ? {} : { "#order": index.order }),
    },
    ExpressionAttributeValues: { ":partition": { S: place.key }, ...bounds },
    ScanIndexForward: range.descending !== true,
    ...(range.cursor === undefined ? {} : { ExclusiveStartKey: JSON.parse(range.cursor) }),
  };
}
