/** Fills a store with a history: every item is the one that `append` puts, many of them in one write. */
import { BatchWriteItemCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { dynamodbPeople } from "../../functions/adapters/dynamodb/people.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqlitePeople } from "../../functions/adapters/sqlite/people.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { statementHash } from "../../functions/ledger/canonical.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { issuerOf, type People, remembering } from "../../functions/ledger/people/people.ts";
import type { IndexEntry, IndexedFact } from "../../functions/ledger/store.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { personsIn, withPersons } from "../../schemas/persons.ts";
import type { RemoteEngine } from "./engine.ts";
import { itemOf, itemOfDerived } from "./items.ts";

/** A statement as a fact, recorded two seconds after it happened; its persons are as long as any. */
export const factOf = (statement: Statement, wordFor = (_: string) => `person:${"0".repeat(64)}`): Fact => ({
  ...withPersons(statement, wordFor),
  v: 1,
  recordedAt: new Date(Date.parse(statement.occurredAt) + 2000).toISOString(),
  reportedBy: "ci",
  statementHash: statementHash(statement),
});

interface Recorded {
  readonly posted: IndexedFact;
  readonly derived: readonly IndexEntry[];
}

/** Statements as they are put, each name of a directory with the first that uses it. */
async function* recorded(statements: Iterable<Statement>, people: People): AsyncGenerator<Recorded> {
  const heard = new Set<string>();
  const isNew = (one: IndexEntry): boolean => {
    if (one.is === "pointer") return true;
    const key = JSON.stringify([one.directory, one.name.name]);
    if (heard.has(key)) return false;
    heard.add(key);
    return true;
  };
  for (const statement of statements) {
    const issuer = issuerOf(statement.source);
    const commitments = new Map<string, string>();
    for (const login of personsIn(statement))
      commitments.set(login, (await people.commit({ issuer, login })).commitment);
    const { posted, derived } = accessPatternsOf(
      factOf(statement, (login) => commitments.get(login) ?? login),
    );
    yield { posted, derived: derived.filter(isNew) };
  }
}

/** So many items go in one request, at most. */
const BATCH = 25;
const AT_ONCE = 4;

const strings = (values: Record<string, string>): WriteRequest => ({
  PutRequest: {
    Item: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }])),
  },
});

/** Puts items in batches, a few at once; each key is put once. */
function batching({ client, table }: RemoteEngine) {
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
    async end(): Promise<void> {
      await flush();
      await Promise.all(running);
    },
  };
}

/** Fills an engine through its own API. Returns how many facts it holds. */
export async function fillEngine(
  engine: RemoteEngine,
  statements: Iterable<Statement>,
  progress: (count: number) => void,
): Promise<number> {
  const items = batching(engine);
  const people = remembering(
    dynamodbPeople({ client: engine.client, name: engine.people }),
    () => new Date(),
  );
  let count = 0;
  for await (const { posted, derived } of recorded(statements, people)) {
    for (const one of derived) await items.add(itemOfDerived(one));
    await items.add(itemOf(posted));
    count++;
    if (count % 10_000 === 0) progress(count);
  }
  await items.end();
  return count;
}

/** So many writes share a transaction, and so an fsync. */
const TRANSACTION = 5000;

/** Fills the ledger's file in a folder. Returns how many facts it holds. */
export async function fillFolder(
  folder: string,
  statements: Iterable<Statement>,
  progress: (count: number) => void,
): Promise<number> {
  const database = openDatabase(folder);
  try {
    const store = sqliteStore(database, steadyClock(undefined), noDamage());
    const people = remembering(sqlitePeople(database), () => new Date());
    let writes: Promise<unknown>[] = [];
    let count = 0;
    for await (const { posted, derived } of recorded(statements, people)) {
      writes.push(...derived.map(store.derive), store.put(posted));
      count++;
      if (count % 10_000 === 0) progress(count);
      if (writes.length < TRANSACTION) continue;
      await Promise.all(writes);
      writes = [];
    }
    await Promise.all(writes);
    return count;
  } finally {
    database.close();
  }
}
