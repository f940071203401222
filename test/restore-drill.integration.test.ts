/**
 * The restore drill, as far as it goes without AWS: a table as of a moment, as point-in-time recovery gives it, is adopted by
 * a ledger that keeps the table of persons. Nothing that it holds answers otherwise, and what came later is sent again.
 */
import { createHash } from "node:crypto";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamodbPeople } from "../functions/adapters/dynamodb/people.ts";
import { dynamodbStore } from "../functions/adapters/dynamodb/store.ts";
import { remembering } from "../functions/ledger/people/people.ts";
import { type Event, event, outcomesOf } from "./client.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors } from "./http/given.ts";
import { type Emulator, startEmulator } from "./store/emulator.ts";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(async () => {
  cleanUp();
  await emulator.stop();
});

const RESTORED = "asof-restored";

/** Creates a table like another, with the items that its clock had by a moment: what the service restores. */
async function restoreTo(client: DynamoDBClient, table: string, by: string): Promise<void> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes = [] } = Table ?? {};
  const indexes = GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
  const like: CreateTableCommandInput = {
    TableName: RESTORED,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions,
    KeySchema,
    GlobalSecondaryIndexes: indexes,
  };
  await client.send(new CreateTableCommand(like));
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table }));
  for (const item of Items) {
    const recordedAt = /"recordedAt":"([^"]+)"/.exec(JSON.stringify(item).replaceAll("\\", ""))?.[1];
    if (recordedAt !== undefined && recordedAt > by) continue;
    await client.send(new PutItemCommand({ TableName: RESTORED, Item: item }));
  }
}

/** The doors of a ledger whose facts are in a table; its persons are in the one table that there is. */
const ledgerOn = (table: string): GivenDoors => {
  const { client, people } = emulator;
  const now = () => new Date();
  return givenDoors({
    store: dynamodbStore({ client, name: table }),
    people: remembering(dynamodbPeople({ client, name: people }), now),
  });
};

const DAY = { from: "2026-11-22T00:00:00Z", to: "2026-11-22T09:30:00Z" };
async function exported({ client }: GivenDoors, to = DAY.to): Promise<{ sha256: string; facts: string[] }> {
  const { text } = await client("auditor").get("/v1/export", { ...DAY, to });
  const facts = text.split("\n").filter((line) => line !== "" && !line.includes('"export.made"'));
  return { sha256: createHash("sha256").update(facts.join("\n")).digest("hex"), facts };
}

const push = (id: string): Event =>
  event("artifact.pushed", `push/${id}`, "2026-10-19T08:00:00Z", {
    digest: `sha256:${id.repeat(64)}`,
    repository: "ghcr.io/acme/billing",
    tag: id,
    actor: "octocat",
  });

const WHEN = { at: "2026-11-22T09:20:00.000Z", knownAt: "2026-11-22T09:20:00.000Z" };
const ASKED = [
  ["/v1/release", { ...WHEN, environment: "production", service: "acme/billing" }],
  [
    "/v1/timeline",
    { environment: "production", from: "2026-10-01", to: "2026-11-22", knownAt: WHEN.knownAt },
  ],
  ["/v1/tag", { ...WHEN, repository: "ghcr.io/acme/billing", tag: "1" }],
  ["/v1/environments", WHEN],
] as const;
const answersOf = async ({ client }: GivenDoors): Promise<string[]> =>
  Promise.all(ASKED.map(async ([path, query]) => (await client("reader").get(path, query)).text));

describe("a table that was restored as of a moment", () => {
  it("answers as the ledger did, and takes again what came later, each fact once", async () => {
    const before = [push("1"), deployed("1"), push("2"), deployed("2", "2026-10-21T08:11:00.000Z")];
    const later = [push("3"), deployed("3", "2026-10-22T08:11:00.000Z")];
    const ledger = ledgerOn(emulator.table);
    for (const one of before)
      expect(outcomesOf(await ledger.client("writer").say(one))).toEqual(["recorded"]);
    const by = "2026-11-22T09:20:00.000Z";
    ledger.setNow("2026-11-22T09:25:00.000Z");
    for (const one of later) expect(outcomesOf(await ledger.client("writer").say(one))).toEqual(["recorded"]);

    await restoreTo(emulator.client, emulator.table, by);
    const restored = ledgerOn(RESTORED);
    for (const one of [ledger, restored]) one.setNow("2026-11-22T10:00:00.000Z");

    // All that was recorded by then is there, byte for byte, with its persons; nothing of later is.
    const [original, found] = [await exported(ledger, by), await exported(restored, by)];
    expect(found).toEqual(original);
    expect(found.facts).toHaveLength(before.length);
    expect((await exported(restored)).facts).toHaveLength(before.length);
    const { text } = await restored
      .client("reader")
      .get("/v1/timeline", { environment: "production", from: "2026-10-01" });
    expect(text).toContain('"deployed"');

    // The archive of the bus is replayed: what is there is a duplicate, what is lost is recorded.
    const replayed: string[] = [];
    for (const one of [...before, ...later])
      replayed.push(...outcomesOf(await restored.client("writer").say(one)));
    expect(replayed).toEqual([...before.map(() => "duplicate"), ...later.map(() => "recorded")]);
    const now = { from: DAY.from, to: "2026-11-22T11:00:00Z" };
    for (const one of [ledger, restored]) one.setNow("2026-11-22T12:00:00.000Z");
    const identities = async (one: GivenDoors) =>
      (await exported(one, now.to)).facts.map((line) => /"statementHash":"(\w+)"/.exec(line)?.[1]).sort();
    expect(await identities(restored)).toEqual(await identities(ledger));
  });

  it("answers every question about then as the first table does", async () => {
    const [ledger, restored] = [ledgerOn(emulator.table), ledgerOn(RESTORED)];
    for (const one of [ledger, restored]) one.setNow("2026-11-22T13:00:00.000Z");
    const answers = await answersOf(restored);
    expect(answers.join("\n")).toContain("ghcr.io/acme/billing");
    expect(answers).toEqual(await answersOf(ledger));
  });
});
