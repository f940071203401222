/**
 * A DynamoDB-compatible engine in this process, with its data on disk: the same store, the same code, no AWS
 * account. One process has the data at a time.
 */
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { ClassicLevel } from "classic-level";
import dynalite from "dynalite";
import { INDEXES } from "./keys.ts";

export class InUse extends Error {}

export interface Engine {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly stop: () => Promise<void>;
}

const TABLE = "asof";

/** A database of its own, opened for nothing but its lock: the system frees it even after a `kill -9`. */
async function lock(folder: string): Promise<ClassicLevel> {
  const held = new ClassicLevel(join(folder, "lock"));
  try {
    await held.open();
    return held;
  } catch (error) {
    throw new InUse(
      `${folder} is in use by another process; stop that one, or set ASOF_DATA to another folder`,
      { cause: error },
    );
  }
}

async function createTable(client: DynamoDBClient): Promise<void> {
  const attributes = new Set(["key", ...INDEXES.flatMap(({ partition, order }) => [partition, order])]);
  try {
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
        GlobalSecondaryIndexes: INDEXES.map(({ name, partition, order, include }) => ({
          IndexName: name,
          KeySchema: [
            { AttributeName: partition, KeyType: "HASH" },
            { AttributeName: order, KeyType: "RANGE" },
          ],
          Projection:
            include.length === 0
              ? { ProjectionType: "KEYS_ONLY" }
              : { ProjectionType: "INCLUDE", NonKeyAttributes: [...include] },
        })),
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: TABLE });
}

/**
 * Starts the engine, on a port of the loopback that the system chooses. Throws InUse where another process has
 * the folder.
 * @param folder where the data is kept; absent: in memory, gone when it stops
 */
export async function startEngine(folder?: string): Promise<Engine> {
  if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const held = folder === undefined ? undefined : await lock(folder);
  const server = dynalite({
    createTableMs: 0,
    ...(folder === undefined ? {} : { path: join(folder, "table") }),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the engine has no port");
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${address.port}`,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await createTable(client);
  const stop = async () => {
    client.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await held?.close();
  };
  return { client, table: TABLE, stop };
}
