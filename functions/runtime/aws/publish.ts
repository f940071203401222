/**
 * Publishes recorded facts: reads the table's stream and sends one event for each fact to an event bus. A changed or
 * removed fact, which must never happen, becomes a metric with an alarm.
 */
import { Logger } from "@aws-lambda-powertools/logger";
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { TIMEOUTS } from "../../adapters/timeouts.ts";
import { logUnhandled } from "../unhandled-rejections.ts";

const logger = new Logger({ serviceName: "asof" });
logUnhandled(logger);
const client = new EventBridgeClient({ requestHandler: TIMEOUTS });
const bus = process.env.ASOF_BUS ?? "";

/** Limits of one PutEvents request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 240_000;

/** The event for a stream record; undefined for items that are not facts. */
function entryOf(record: DynamoDBRecord): PutEventsRequestEntry | undefined {
  const fact = record.dynamodb?.NewImage?.fact?.S;
  const isFact = record.eventName === "INSERT" && record.dynamodb?.Keys?.key?.S?.startsWith("F#") === true;
  if (!isFact || fact === undefined) return undefined;
  const { kind, recordedAt } = JSON.parse(fact);
  return {
    EventBusName: bus,
    Source: "asof",
    DetailType: `dev.asof.${kind}.v1`,
    Time: new Date(recordedAt),
    Detail: fact,
  };
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

/** Lambda reads the stream again from the first failure: every event is delivered at least once. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
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
