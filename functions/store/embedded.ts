/**
 * A DynamoDB-compatible engine in this process, with its data on disk: the same store, the same code, no AWS
 * account. One process has the data at a time.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  type Projection,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { AbstractKeyIterator, AbstractValueIterator } from "abstract-level";
import { ClassicLevel } from "classic-level";
import dynalite from "dynalite";
import { INDEXES, PEOPLE } from "./keys.ts";

/** Another process has the data. */
export class InUse extends Error {}

/** The data cannot be read. */
export class Damaged extends Error {}

export interface Engine {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The name of the table of people. */
  readonly people: string;
  readonly stop: () => Promise<void>;
}

const TABLE = "asof";
const PEOPLE_TABLE = "asof-people";

const codeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && "code" in error.cause
    ? error.cause.code
    : undefined;

/** Opens a database, or says in one line why it cannot be. */
async function open(folder: string, name: string): Promise<ClassicLevel> {
  const database = new ClassicLevel(join(folder, name));
  try {
    await database.open();
    return database;
  } catch (error) {
    if (codeOf(error) === "LEVEL_LOCKED") {
      const advice = "stop that one, or set ASOF_DATA to another folder";
      throw new InUse(`${folder} is in use by another process; ${advice}`, { cause: error });
    }
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Damaged(`${join(folder, name)} cannot be opened: ${why}`, { cause: error });
  }
}

/**
 * Takes the folder for this process. Its lock is a database of its own, opened for nothing else: the system
 * frees it even after a `kill -9`. The table is tried as well, for the engine dies of one that it cannot open.
 */
async function lock(folder: string): Promise<ClassicLevel> {
  const held = await open(folder, "lock");
  try {
    await (await open(folder, "table")).close();
    return held;
  } catch (error) {
    await held.close();
    throw error;
  }
}

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

const { key, index } = PEOPLE;
const PERSONS: CreateTableCommandInput = {
  TableName: PEOPLE_TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [key, index.partition].map(text),
  KeySchema: [hashed(key)],
  GlobalSecondaryIndexes: [
    { IndexName: index.name, KeySchema: [hashed(index.partition)], Projection: carrying(index.include) },
  ],
};

async function createTable(client: DynamoDBClient, table: CreateTableCommandInput): Promise<void> {
  try {
    await client.send(new CreateTableCommand(table));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  const { TableName } = table;
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName });
}

/** Connects to a socket of the file system, whatever the address. */
class SocketAgent extends Agent {
  readonly socket: string;

  constructor(socket: string) {
    super({ keepAlive: true, maxSockets: 64 });
    this.socket = socket;
  }

  override createConnection() {
    return connect(this.socket);
  }
}

/**
 * Lets the engine close what it reads with. It ends a reading by the iterator's `return`, which `level` no longer
 * has, and so every query would keep its iterator, with its part of the database in memory, until the process ends.
 */
function closeIterators(): void {
  for (const { prototype } of [AbstractKeyIterator, AbstractValueIterator]) {
    if ("return" in prototype) continue;
    Object.defineProperty(prototype, "return", {
      value(this: AbstractKeyIterator<unknown, unknown>) {
        return this.close();
      },
    });
  }
}

/**
 * Starts the engine. It knows no passwords, so it listens on a socket in a folder that only this user may open,
 * not on a port. Throws InUse where another process has the data.
 * @param folder where the data is kept; absent: in memory, gone when it stops
 */
export async function startEngine(folder?: string): Promise<Engine> {
  if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const held = folder === undefined ? undefined : await lock(folder);
  closeIterators();
  const server = dynalite({
    createTableMs: 0,
    ...(folder === undefined ? {} : { path: join(folder, "table") }),
  });
  // In the folder for temporary files, because a socket's path has at most about 100 characters.
  const door = mkdtempSync(join(tmpdir(), "asof-"));
  const socket = join(door, "engine");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  const client = new DynamoDBClient({
    endpoint: "http://localhost",
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    requestHandler: { httpAgent: new SocketAgent(socket) },
  });
  for (const table of [FACTS, PERSONS]) await createTable(client, table);
  const stop = async () => {
    client.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(door, { recursive: true, force: true });
    await held?.close();
  };
  return { client, table: TABLE, people: PEOPLE_TABLE, stop };
}
