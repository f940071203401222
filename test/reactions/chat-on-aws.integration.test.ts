/** The function that tells chats, as SQS calls it: its secret, its table, a ledger and a chat are servers in this test. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Context, SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { dynamodbSentMessages } from "../../functions/adapters/dynamodb/sent-messages.ts";
import { temporaryDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteSentMessages } from "../../functions/adapters/sqlite/sent-messages.ts";
import { start } from "../../functions/runtime/server/server.ts";
import { type Client, clientOf, over } from "../client.ts";
import { deployed } from "../http/given.ts";
import { cleanUp, newFolder } from "../local/process.ts";
import { type Emulator, startEmulator } from "../store/emulator.ts";
import { type Receiver, receiver } from "./receiving.ts";

const stops: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const stop of stops.reverse()) await stop();
  cleanUp();
});

let emulator: Emulator;
let chat: Receiver;
let admin: Client;
let secret = "";

/** Answers every call with the secret. */
async function startSecrets(): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ Name: "asof", SecretString: secret }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

beforeAll(async () => {
  emulator = await startEmulator();
  stops.push(emulator.stop);
  chat = await receiver([{ status: 200, body: "ok" }]);
  stops.push(chat.stop);
  const ASOF_DATA = newFolder();
  const ledger = await start({ ASOF_PORT: "0", ASOF_DATA });
  stops.push(ledger.stop);
  const token = readFileSync(join(ASOF_DATA, "token"), "utf8").trim();
  admin = clientOf(over(ledger.address), token);
  secret = JSON.stringify({
    asof: { url: ledger.address, token },
    chat: { channels: [{ kind: "webhook", url: `${chat.address}/hooks/key` }] },
  });
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", await startSecrets());
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", emulator.endpoint);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none");
  vi.stubEnv("ASOF_SECRET", "asof");
  vi.stubEnv("ASOF_MAX_RECEIVES", "5");
  vi.stubEnv("ASOF_SENT_TABLE", emulator.sent);
}, 60_000);

const messageOf = (body: object): SQSEvent => ({
  Records: [
    {
      messageId: "m1",
      receiptHandle: "r",
      body: JSON.stringify(body),
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "0",
        SenderId: "x",
        ApproximateFirstReceiveTimestamp: "0",
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:chat",
      awsRegion: "us-east-1",
    },
  ],
});
const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: "chat",
  functionVersion: "1",
  invokedFunctionArn: "",
  memoryLimitInMB: "512",
  awsRequestId: "1",
  logGroupName: "",
  logStreamName: "",
  getRemainingTimeInMillis: () => 30_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};

it("tells a deployment once, though the queue delivers it twice, and keeps that in its own table", async () => {
  const { handler } = await import("../../functions/runtime/aws/tell-chats.ts");
  const { data, time, ...one } = deployed("a", new Date().toISOString());
  await admin.say({ ...one, data, time });
  const detail = { ...data, kind: "deployment.succeeded", source: one.source, id: one.id, occurredAt: time };
  const event = messageOf({ source: "asof", "detail-type": one.type, detail });
  for (let n = 0; n < 2; n++) expect(await handler(event, context)).toEqual({ batchItemFailures: [] });
  expect(chat.received).toHaveLength(1);
});

it("takes the event of its schedule, and nothing that is neither", async () => {
  const { handler } = await import("../../functions/runtime/aws/tell-chats.ts");
  const scheduled = messageOf({ source: "aws.events", "detail-type": "Scheduled Event", detail: {} });
  expect(await handler(scheduled, context)).toEqual({ batchItemFailures: [] });
  const other = await handler(messageOf({ source: "elsewhere", detail: {} }), context);
  expect(other).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
});

it.each(["SQLite", "DynamoDB"])("what was sent is kept in %s until it is replaced", async (where) => {
  const database = temporaryDatabase();
  const sent =
    where === "SQLite"
      ? sqliteSentMessages(database)
      : dynamodbSentMessages({ client: emulator.client, name: emulator.sent });
  expect(await sent.get("a")).toBeUndefined();
  await sent.put("a", "1");
  await sent.put("b", "2");
  await sent.put("a", "3");
  expect(await Promise.all(["a", "b", "c"].map((key) => sent.get(key)))).toEqual(["3", "2", undefined]);
  database.close();
});
