/** What is done to a ledger's table behind its back is found: on DynamoDB, with the table's own API. */
import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { dynamodbStoredFacts } from "../../functions/adapters/dynamodb/stored-facts.ts";
import { factKeys } from "../../functions/adapters/keys.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { canonical } from "../../functions/ledger/canonical.ts";
import { type Sealing, sealAll } from "../../functions/seal/sealer.ts";
import { type Sweeping, sweep } from "../../functions/seal/sweep.ts";
import type { Fact } from "../../schemas/fact.ts";
import { type Emulator, startEmulator } from "../store/emulator.ts";
import { frozen, keep } from "../store/stores.ts";
import { memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

const NOW = Date.parse("2026-11-22T12:00:00.000Z");
const factAt = (id: string, minutes: number): Fact =>
  frozen("/test", id, { recordedAt: new Date(NOW - minutes * 60_000).toISOString() });

let emulator: Emulator;
let sealing: Sealing & Sweeping;
beforeEach(async () => {
  emulator = await startEmulator();
  const table = { client: emulator.client, name: emulator.table };
  sealing = {
    ...{ store: dynamodbStore(table), stored: dynamodbStoredFacts(table), log: memoryLog() },
    ...{ signer: newSigner("log.example/test"), now: () => new Date(NOW) },
  };
  const store = dynamodbStore(table);
  for (let n = 0; n < 40; n++) await keep(store, factAt(String(n), 60 - n));
  await sealAll(sealing);
});
afterEach(() => emulator.stop());

const Key = { key: { S: "F#/test#7" } };

/** Puts an item as the ledger would, and without the keys that are named. */
async function plant(fact: Fact, without: readonly string[] = []): Promise<void> {
  const item = { ...factKeys(accessPatternsOf(fact).posted), fact: canonical(fact) };
  const kept = Object.entries(item).filter(([name]) => !without.includes(name));
  const Item = Object.fromEntries(kept.map(([name, value]) => [name, { S: value }]));
  await emulator.client.send(new PutItemCommand({ TableName: emulator.table, Item }));
}

const update = (attribute: string, value: string) =>
  emulator.client.send(
    new UpdateItemCommand({
      ...{ TableName: emulator.table, Key, UpdateExpression: "SET #a = :v" },
      ExpressionAttributeNames: { "#a": attribute },
      ExpressionAttributeValues: { ":v": { S: value } },
    }),
  );

describe("the sweep of a table", () => {
  it("finds nothing in one that is as it was sealed", async () => {
    expect((await sweep(sealing)).findings).toEqual([]);
  });

  it("finds an item that was rewritten", async () => {
    await update("fact", canonical({ ...factAt("7", 53), environment: "staging" }));
    expect((await sweep(sealing)).findings).toEqual([{ what: "changed", source: "/test", id: "7" }]);
  });

  it("finds an item that was taken out of the index by which it is exported", async () => {
    await update("recorded", "elsewhere");
    expect((await sweep(sealing)).findings).toEqual([{ what: "changed", source: "/test", id: "7" }]);
  });

  it("finds an item that was deleted", async () => {
    await emulator.client.send(new DeleteItemCommand({ TableName: emulator.table, Key }));
    expect((await sweep(sealing)).findings).toEqual([{ what: "missing", source: "/test", id: "7" }]);
  });

  it.each([
    ["as the ledger writes it", 50, []],
    ["without the key of the index by which it is exported", 50, ["recorded"]],
    ["without its order of recording", 50, ["recordedOrder"]],
    ["on a day on which the ledger recorded nothing", 60 * 24 * 40, []],
  ])("finds an item that was put in with an old time: %s", async (_, minutes, without) => {
    await plant(factAt("planted", minutes), without);
    expect((await sweep(sealing)).findings).toEqual([{ what: "unsealed", source: "/test", id: "planted" }]);
  });
});
