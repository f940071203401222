/**
 * Publishes recorded facts: reads the table's stream and sends one event for each fact to an event bus. An operator may
 * have it publish a span of time again. A changed or
 * removed fact, which must never happen, becomes a metric with an alarm.
 */
import { Logger } from "@aws-lambda-powertools/logger";
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import * as z from "zod";
import type { Fact } from "../../../schemas/fact.ts";
import { time } from "../../../schemas/scalars.ts";
import { dynamodbClient } from "../../adapters/dynamodb/client.ts";
import { dynamodbStore } from "../../adapters/dynamodb/store.ts";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import { exportFacts } from "../../ledger/export/export.ts";
import { logUnhandled } from "../unhandled-rejections.ts";

const logger = new Logger({ serviceName: "asof" });
logUnhandled(logger);
const client = new EventBridgeClient({ requestHandler: TIMEOUTS });
const bus = process.env.ASOF_BUS ?? "";

/** Limits of one PutEvents request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 240_000;

/** The event for a fact. */
const eventOf = (fact: Fact): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: "asof",
  DetailType: `dev.asof.${fact.kind}.v1`,
  Time: new Date(fact.recordedAt),
  // Stored facts have their fields in canonical order.
  Detail: JSON.stringify(fact),
});

/** The event for a stream record; undefined for items that are not facts. */
function entryOf(record: DynamoDBRecord): PutEventsRequestEntry | undefined {
  const fact = record.dynamodb?.NewImage?.fact?.S;
  const isFact = record.eventName === "INSERT" && record.dynamodb?.Keys?.key?.S?.startsWith("F#") === true;
  return isFact && fact !== undefined ? eventOf(JSON.parse(fact)) : undefined;
}

/** Logs the breach, and emits a metric in CloudWatch's embedded metric format, which needs no request. */
function countBreach(record: DynamoDBRecord): void {
  logger.error("an item was changed or removed", {
    eventName: record.eventName ?? "",
    key: record.dynamodb?.Keys?.key?.S ?? "",
  });
  const metrics = [
    { Namespace: "asof", Dimensions: [[]], Metrics: [{ Name: "ImmutabilityBreach", Unit: "Count" }] },
  ];
  console.log(
    JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: metrics }, ImmutabilityBreach: 1 }),
  );
}

interface SequencedEvent {
  readonly entry: PutEventsRequestEntry;
  readonly sequence: string;
}

/** Splits events into requests within the limits, in the order of the stream. */
function requestsOf(events: readonly SequencedEvent[]): SequencedEvent[][] {
  const requests: SequencedEvent[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(event.entry.Detail ?? "") + 256;
    const last = requests.at(-1);
    if (last === undefined || last.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
      requests.push([event]);
      bytes = size;
    } else {
      last.push(event);
      bytes += size;
    }
  }
  return requests;
}

/** The sequence number of the first event that the bus did not accept, if any. */
async function firstFailure(request: readonly SequencedEvent[]): Promise<string | undefined> {
  try {
    const { Entries = [] } = await client.send(
      new PutEventsCommand({ Entries: request.map(({ entry }) => entry) }),
    );
    const failed = Entries.findIndex(({ ErrorCode }) => ErrorCode !== undefined);
    return failed < 0 ? undefined : request[failed]?.sequence;
  } catch (error) {
    logger.error("the bus did not answer", error instanceof Error ? error : String(error));
    return request[0]?.sequence;
  }
}

/** A request of an operator, by `aws lambda invoke`: publishes facts again that the stream lost. */
const Republish = z.strictObject({ republish: z.strictObject({ from: time, to: time }) });

/** The answer: how many were published; with `next`, the time to go on from, because the function's own time ended. */
interface Republished {
  readonly published: number;
  readonly next?: string;
}

/** Time to finish the current request and answer. */
const RESERVE_MS = 10_000;

async function republish(
  { from, to }: z.infer<typeof Republish>["republish"],
  remainingMs: () => number,
): Promise<Republished> {
  const store = dynamodbStore({
    client: dynamodbClient(),
    name: process.env.ASOF_TABLE ?? "",
  });
  let published = 0;
  for await (const facts of exportFacts(store, { from, to })) {
    for (const request of requestsOf(
      facts.map((fact) => ({ entry: eventOf(fact), sequence: fact.recordedAt })),
    )) {
      const failed = remainingMs() < RESERVE_MS ? request[0]?.sequence : await firstFailure(request);
      if (failed !== undefined) return { published, next: failed };
      published += request.length;
    }
  }
  return { published };
}

/** Lambda reads the stream again from the first failure: every event is delivered at least once. */
export async function handler(
  event: DynamoDBStreamEvent | object,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<DynamoDBBatchResponse | Republished> {
  if (!("Records" in event))
    return republish(Republish.parse(event).republish, () => context.getRemainingTimeInMillis());
  for (const record of event.Records) if (record.eventName !== "INSERT") countBreach(record);
  const events = event.Records.flatMap((record) => {
    const entry = entryOf(record);
    return entry === undefined ? [] : [{ entry, sequence: record.dynamodb?.SequenceNumber ?? "" }];
  });
  for (const request of requestsOf(events)) {
    const failed = await firstFailure(request);
    if (failed !== undefined) return { batchItemFailures: [{ itemIdentifier: failed }] };
  }
  return { batchItemFailures: [] };
}
