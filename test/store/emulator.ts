/**
 * An emulator of DynamoDB in this process, which proves the adapter: the real client against an engine that speaks the
 * service's API.
 */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { INDEXES } from "../../functions/store/keys.ts";

export interface Emulator {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly table: string;
  readonly stop: () => Promise<void>;
}

const TABLE = "asof";

export const clientOf = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

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
}

/**
 * Starts an emulator with the ledger's table in it.
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
  await createTable(client);
  const stop = async () => {
    client.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { client, endpoint, table: TABLE, stop };
}
