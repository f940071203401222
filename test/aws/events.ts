/** Events as AWS hands them to functions. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export interface HttpRequest {
  readonly method?: "GET" | "POST";
  readonly path: string;
  /** As it stands in the address: percent-encoded. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

const DOMAIN = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws";

/** A request to a function's URL, payload version 2.0 (Lambda developer guide, "Invoking function URLs"). */
export function urlEvent({
  method = "GET",
  path,
  query = "",
  headers = {},
  body,
  isBase64Encoded = false,
}: HttpRequest) {
  const fields = Object.fromEntries(new URLSearchParams(query));
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    headers: {
      host: DOMAIN,
      "x-forwarded-proto": "https",
      "x-forwarded-for": "203.0.113.7",
      "user-agent": "curl/8.5.0",
      ...headers,
    },
    ...(query === "" ? {} : { queryStringParameters: fields }),
    requestContext: {
      accountId: "anonymous",
      apiId: DOMAIN.split(".")[0],
      domainName: DOMAIN,
      domainPrefix: DOMAIN.split(".")[0],
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "curl/8.5.0" },
      requestId: "8f5a2f0e-6d1c-4c0e-9f56-1d9b5f0a7c11",
      routeKey: "$default",
      stage: "$default",
      time: "22/Nov/2026:09:00:00 +0000",
      timeEpoch: 1_795_338_000_000,
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded,
  };
}

const EVENTS_ARN = "arn:aws:sqs:us-east-1:000000000000:events";

/** A batch of a queue's messages, numbered from 1. */
export const queueEvent = (bodies: readonly string[], eventSourceARN = EVENTS_ARN) => ({
  Records: bodies.map((body, n) => ({
    messageId: String(n + 1),
    receiptHandle: `receipt ${n + 1}`,
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1795338000000",
      SenderId: "AIDAIENQZJOLO23YVJ4VO",
      ApproximateFirstReceiveTimestamp: "1795338000001",
    },
    messageAttributes: {},
    md5OfBody: "not compared",
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion: "us-east-1",
  })),
});

export type Item = Record<string, AttributeValue>;

export interface Change {
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly item: Item;
}

/** A batch of a table's stream, numbered from 1. */
export const streamEvent = (changes: readonly Change[]) => ({
  Records: changes.map(({ eventName, item }, n) => ({
    eventID: String(n + 1),
    eventName,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "us-east-1",
    dynamodb: {
      ApproximateCreationDateTime: 1_795_338_000,
      Keys: { key: item.key },
      ...(eventName === "REMOVE" ? {} : { NewImage: item }),
      ...(eventName === "INSERT" ? {} : { OldImage: item }),
      SequenceNumber: String(n + 1),
      SizeBytes: 1024,
      StreamViewType: "NEW_AND_OLD_IMAGES",
    },
    eventSourceARN: "arn:aws:dynamodb:us-east-1:000000000000:table/asof/stream/2026-11-22T00:00:00.000",
  })),
});
