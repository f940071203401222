/**
 * An emulator of DynamoDB in this process, which proves the adapter: the real client against an engine that speaks the
 * service's API.
 */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  type Projection,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { INDEXES, PEOPLE, SENT } from "../../functions/adapters/keys.ts";

export interface Emulator {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly table: string;
  /** The name of the table of people. */
  readonly people: string;
  /** The name of the table of messages that were sent. */
  readonly sent: string;
  readonly stop: () => Promise<void>;
}

const TABLE = "asof";
const PEOPLE_TABLE = "asof-people";
const SENT_TABLE = "asof-sent";

export const clientOf = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" }) as const;
const hashed = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" }) as const;
const carrying = (include: readonly string[]): Projection =>
  include.length === 0
    ? { ProjectionType: "KEYS_ONLY" }
    : { ProjectionType: "INCLUDE", NonKeyAttributes: [...include] };

const FACTS: CreateTableCommandInput = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    ...new Set(["key", ...INDEXES.flatMap(({ partition, order }) => [partition, order])]),
  ].map(text),
  KeySchema: [hashed("key")],
  GlobalSecondaryIndexes: INDEXES.map(({ name, partition, order, include }) => ({
    IndexName: name,
    KeySchema: [hashed(partition), { AttributeName: order, KeyType: "RANGE" }],
    Projection: carrying(include),
  })),
};

const PERSONS: CreateTableCommandInput = {
  TableName: PEOPLE_TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [PEOPLE.key, PEOPLE.index.partition].map(text),
  KeySchema: [hashed(PEOPLE.key)],
  GlobalSecondaryIndexes: [
    {
      IndexName: PEOPLE.index.name,
      KeySchema: [hashed(PEOPLE.index.partition)],
      Projection: carrying(PEOPLE.index.include),
    },
  ],
};

const MESSAGES: CreateTableCommandInput = {
  TableName: SENT_TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [text(SENT.key)],
  KeySchema: [hashed(SENT.key)],
};

async function createTable(client: DynamoDBClient, table: CreateTableCommandInput): Promise<void> {
  try {
    await client.send(new CreateTableCommand(table));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists(
    { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
    { TableName: table.TableName },
  );
}

/**
 * Starts an emulator with the ledger's tables in it.
 * @param folder where the data is kept; absent: in memory, gone when it stops
 */
export async function startEmulator(folder?: string): Promise<Emulator> {
  const server = dynalite({
    createTableMs: 0,
    ...(folder === undefined ? {} : { path: join(folder, "table") }),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address: AddressInfo | string | null = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const client = clientOf(endpoint);
  for (const table of [FACTS, PERSONS, MESSAGES]) await createTable(client, table);
  const stop = async () => {
    client.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { client, endpoint, table: TABLE, people: PEOPLE_TABLE, sent: SENT_TABLE, stop };
}
