/**
 * Fills an engine with a history, through its own API: every item is the one that `append` puts, and only the
 * last step differs, for 25 items go in one request.
 */
import { BatchWriteItemCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { type Appending, append } from "../../functions/ledger/append.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { dynamodbStore } from "../../functions/store/dynamodb.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryPeople } from "../store/memory-people.ts";
import type { RemoteEngine } from "./engine.ts";
import { itemOf, itemOfDerived } from "./items.ts";

const BATCH = 25;
const AT_ONCE = 4;

const strings = (values: Record<string, string>): WriteRequest => ({
  PutRequest: {
    Item: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }])),
  },
});

/** Puts items in batches, a few at once; each key is put once. */
function batching({ client, table }: RemoteEngine) {
  const derived = new Set<string>();
  const running = new Set<Promise<unknown>>();
  let batch: WriteRequest[] = [];
  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    const sent = client
      .send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }))
      .finally(() => running.delete(sent));
    batch = [];
    running.add(sent);
    if (running.size >= AT_ONCE) await Promise.race(running);
  }
  return {
    async add(item: Record<string, string>): Promise<void> {
      batch.push(strings(item));
      if (batch.length === BATCH) await flush();
    },
    isNew(key: string): boolean {
      if (derived.has(key)) return false;
      derived.add(key);
      return true;
    },
    async end(): Promise<void> {
      await flush();
      await Promise.all(running);
    },
  };
}

/** Records statements, each two seconds after it happened. */
export async function fill(
  engine: RemoteEngine,
  statements: Iterable<Statement>,
  progress: (count: number) => void,
): Promise<number> {
  const items = batching(engine);
  const real = dynamodbStore({ client: engine.client, name: engine.table });
  const store: Store = {
    ...real,
    put: async (posted) => {
      await items.add(itemOf(posted));
      return "written";
    },
    derive: async (derived) => {
      const item = itemOfDerived(derived);
      if (items.isNew(item.key ?? "")) await items.add(item);
    },
  };
  const clock = { ms: 0 };
  const appending: Appending = {
    store,
    rules: [],
    now: () => new Date(clock.ms),
    heard: new Set(),
    people: memoryPeople(),
  };
  let count = 0;
  for (const statement of statements) {
    clock.ms = Date.parse(statement.occurredAt) + 2000;
    const { outcome } = await append(appending, statement, { reportedBy: "ci", vendor: "events" });
    if (outcome !== "recorded") throw new Error(`the history has a statement that is ${outcome}`);
    count++;
    if (count % 10_000 === 0) progress(count);
  }
  await items.end();
  return count;
}
