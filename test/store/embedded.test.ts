import { AbstractValueIterator } from "abstract-level";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Appending, append } from "../../functions/ledger/append.ts";
import { dynamodbStore } from "../../functions/store/dynamodb.ts";
import { type Engine, startEngine } from "../../functions/store/embedded.ts";
import { memoryPeople } from "./memory-people.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

describe("the embedded engine", () => {
  it("closes what it reads with, or a process that answers questions would grow with each", async () => {
    const store = dynamodbStore({ client: engine.client, name: engine.table });
    const appending: Appending = {
      store,
      rules: [],
      now: () => new Date(),
      heard: new Set(),
      people: memoryPeople(),
    };
    for (const id of ["1", "2", "3"]) {
      const statement = { kind: "service.described", source: "/x", id, occurredAt: "2026-10-20T08:00:00Z" };
      await append(appending, { ...statement, service: "acme/shop" }, { reportedBy: "x", vendor: "events" });
    }
    const opened = vi.spyOn(AbstractValueIterator.prototype, "next");
    const closed = vi.spyOn(AbstractValueIterator.prototype, "close");
    for (let n = 0; n < 5; n++) {
      const { entries } = await store.query({ of: "service", service: "acme/shop" }, { limit: 1 });
      expect(entries).toHaveLength(1);
    }
    const iterators = new Set(opened.mock.contexts);
    expect(iterators.size).toBe(5);
    expect(new Set(closed.mock.contexts)).toEqual(iterators);
    vi.restoreAllMocks();
  });
});
