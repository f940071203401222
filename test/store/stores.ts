/** Every implementation of the store's port, and facts to put into it as the ledger does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Page, Range, Store } from "../../functions/ledger/store.ts";
import { type Fact, Statement } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { startEmulator } from "./emulator.ts";
import { memoryStore } from "./memory.ts";

export interface Opened {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

async function onSqlite(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), "asof-sqlite-"));
  const database = openDatabase(folder);
  const close = async () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return { store: sqliteStore(database, steadyClock(undefined), noDamage()), close };
}

async function onDynamodb(): Promise<Opened> {
  const { client, table, stop } = await startEmulator();
  return { store: dynamodbStore({ client, name: table }), close: stop };
}

export const STORES: readonly { name: string; open: () => Promise<Opened> }[] = [
  { name: "memory", open: async () => ({ store: memoryStore(), close: async () => undefined }) },
  { name: "SQLite", open: onSqlite },
  { name: "DynamoDB", open: onDynamodb },
];

export const RECORDED = "2026-11-22T09:00:00.000Z";

/** A statement as the ledger takes it. */
export const taken = (said: object, recordedAt = RECORDED): Fact => ({
  ...Statement.parse(said),
  v: 1,
  recordedAt,
  reportedBy: "ci",
  statementHash: sha256(JSON.stringify(said)),
});

/** A fact of its own source and id, that stands in one partition: that of its environment's freezes. */
export const frozen = (source: string, id: string, more: { at?: string; recordedAt?: string } = {}): Fact =>
  taken(
    { kind: "environment.frozen", source, id, occurredAt: more.at ?? RECORDED, environment: "production" },
    more.recordedAt,
  );

export const FREEZES = { of: "freeze", environment: fold("production") } as const;

/** Puts a fact with what stands beside it. */
export async function keep(store: Store, fact: Fact, target?: Fact): Promise<"written" | "taken"> {
  const { posted, derived } = accessPatternsOf(fact, target);
  await Promise.all(derived.map((one) => store.derive(one)));
  return store.put(posted);
}

export const put = (store: Store, fact: Fact): Promise<"written" | "taken"> =>
  store.put(accessPatternsOf(fact).posted);

/** Everything of a range, page by page. */
export async function drained<T>(
  page: (range: Range) => Promise<Page<T>>,
  range: Partial<Range> = {},
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const next = await page({ limit: 1000, ...range, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...next.entries);
    cursor = next.cursor;
  } while (cursor !== undefined);
  return found;
}

export const identityOf = ({ source, id }: { source: string; id: string }): string => `${source} ${id}`;
