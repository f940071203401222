/** A reaction on AWS that looks again at what it began: its queue delivers the message again, and no failure is counted. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { SQSEvent } from "aws-lambda";
import { afterEach, expect, it, vi } from "vitest";
import * as z from "zod";
import { LookAgain } from "../../functions/reactions/reaction.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) stop();
});

const Message = z.looseObject({ MessageBody: z.string() });

/** The secret and the queue, and what was sent to it. */
async function startServices(): Promise<{ endpoint: string; sent: unknown[] }> {
  const sent: unknown[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    const message = Message.safeParse(body).data;
    if (message !== undefined) sent.push(body);
    const SecretString = '{"asof":{"url":"http://127.0.0.1:1","token":"none"}}';
    const MD5OfMessageBody = createHash("md5")
      .update(message?.MessageBody ?? "")
      .digest("hex");
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ SecretString, MessageId: "1", MD5OfMessageBody }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(() => server.close());
  const address: AddressInfo | string | null = server.address();
  return { endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, sent };
}

const eventOf = (body: string, receives: number): SQSEvent => ({
  Records: [
    {
      messageId: "m1",
      receiptHandle: "r",
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: "0",
        SenderId: "x",
        ApproximateFirstReceiveTimestamp: "0",
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:execute",
      awsRegion: "us-east-1",
    },
  ],
});

it("sends itself the same message, also at the last delivery, and gives nothing up", async () => {
  const { endpoint, sent } = await startServices();
  const queue = `${endpoint}/123456789012/execute`;
  for (const [name, value] of Object.entries({
    ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: "us-east-1" },
    ...{ AWS_ACCESS_KEY_ID: "none", AWS_SECRET_ACCESS_KEY: "none" },
    ...{ ASOF_SECRET: "asof", ASOF_MAX_RECEIVES: "5", ASOF_QUEUE: queue },
  }))
    vi.stubEnv(name, value);
  const { LedgerAccess, sqsReaction } = await import("../../functions/runtime/aws/sqs-reaction.ts");
  const givenUp: string[] = [];
  const handler = sqsReaction(z.object({ asof: LedgerAccess }), () => ({
    kinds: [],
    react: () => Promise.reject(new LookAgain(9_500)),
    giveUp: async ({ id }) => void givenUp.push(id),
  }));
  const detail = { kind: "redeployment.requested", id: "1.1", environment: "production" };
  const body = JSON.stringify({ source: "asof", detail });
  const context = {
    ...{ callbackWaitsForEmptyEventLoop: false, functionName: "execute", functionVersion: "1" },
    ...{ invokedFunctionArn: "", memoryLimitInMB: "512", awsRequestId: "1" },
    ...{ logGroupName: "", logStreamName: "", getRemainingTimeInMillis: () => 30_000 },
    ...{ done: () => undefined, fail: () => undefined, succeed: () => undefined },
  };
  for (const receives of [1, 5])
    expect(await handler(eventOf(body, receives), context)).toEqual({ batchItemFailures: [] });
  const again = { QueueUrl: queue, MessageBody: body, DelaySeconds: 10 };
  expect(sent).toEqual([again, again]);
  expect(givenUp).toEqual([]);
});
