/**
 * Tells others what was recorded: the table's stream onto a bus, one event for each fact. What the stream must
 * never show, a fact that was changed or removed, becomes a metric with an alarm.
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

/** What one request of PutEvents takes. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 240_000;

/** A record of the stream as an event; items beside the facts are none. */
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

/** One line in CloudWatch's embedded metric format: a metric without a request. */
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

interface Sending {
  readonly entry: PutEventsRequestEntry;
  readonly sequence: string;
}

/** Events in the order of the stream, in requests as large as the bus takes. */
function requestsOf(sendings: readonly Sending[]): Sending[][] {
  const requests: Sending[][] = [];
  let bytes = 0;
  for (const sending of sendings) {
    const size = Buffer.byteLength(sending.entry.Detail ?? "") + 256;
    const last = requests.at(-1);
    if (last === undefined || last.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
      requests.push([sending]);
      bytes = size;
    } else {
      last.push(sending);
      bytes += size;
    }
  }
  return requests;
}

/** The first event of a request that the bus did not take, or none. */
async function firstFailure(request: readonly Sending[]): Promise<string | undefined> {
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

/** The stream is read again from the first failure on: events may come twice, and never not at all. */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  for (const record of event.Records) if (record.eventName !== "INSERT") countBreach(record);
  const sendings = event.Records.flatMap((record) => {
    const entry = entryOf(record);
    return entry === undefined ? [] : [{ entry, sequence: record.dynamodb?.SequenceNumber ?? "" }];
  });
  for (const request of requestsOf(sendings)) {
    const failed = await firstFailure(request);
    if (failed !== undefined) return { batchItemFailures: [{ itemIdentifier: failed }] };
  }
  return { batchItemFailures: [] };
}
