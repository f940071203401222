/** A statement without a time of its own gets another receipt with each try; its pointers must follow the try that counts. */
import { afterAll, describe, expect, it } from "vitest";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { all } from "../../functions/ledger/fact-reader.ts";
import type { Store } from "../../functions/ledger/store.ts";
import type { FactOf } from "../../schemas/fact.ts";
import { startEmulator } from "./emulator.ts";
import { memoryStore } from "./memory.ts";

const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

const indexedAt = (time: string, statementHash: string): FactOf<"artifact.indexed"> => ({
  kind: "artifact.indexed",
  source: "/registry",
  id: "1",
  occurredAt: time,
  timeFrom: "receipt",
  digest: digestOf("a"),
  manifests: [{ digest: digestOf("b") }],
  v: 1,
  recordedAt: time,
  reportedBy: "ci",
  statementHash,
});

describe("a fact whose first try put no more than its pointers", async () => {
  const engine = await startEmulator();
  afterAll(() => engine.stop());
  const stores: readonly [string, Store][] = [
    ["memory", memoryStore()],
    ["DynamoDB", dynamodbStore({ client: engine.client, name: engine.table })],
  ];

  it.each(stores)("is found by them, once, at the time of the try that put it: %s", async (_, store) => {
    const lost = indexedAt("2026-10-01T00:00:00.000Z", "1".repeat(64));
    const other = indexedAt("2026-10-01T00:00:00.000Z", "2".repeat(64));
    const kept = indexedAt("2026-10-01T00:01:00.000Z", "1".repeat(64));
    for (const fact of [lost, other, kept])
      for (const one of accessPatternsOf(fact).derived) await store.derive(one);
    await store.put(accessPatternsOf(kept).posted);
    const knowledge = { store, knownAt: "2026-11-01T00:00:00.000Z" };
    const found = await all(knowledge, { of: "digest", digest: digestOf("b"), aspect: "image" });
    expect(found).toEqual([kept]);
  });
});
