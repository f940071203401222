/**
 * The only function that writes: the recording endpoints, the queue of AWS's own events, and the queue of registry jobs.
 * They are one function so that exactly one role has write access.
 */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { handle, type LambdaContext, type LambdaEvent } from "hono/aws-lambda";
import { s3Quarantine } from "../../adapters/s3/quarantine.ts";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import { guarded } from "../../http/app.ts";
import { sharedQuestions } from "../../http/questions/shared-questions.ts";
import { recordingEndpoints } from "../../http/recording/recording.ts";
import { keepMalformed, receive, work } from "../../ledger/ingest/ingest.ts";
import { Job } from "../../ledger/ingest/jobs.ts";
import { recordPolicyOrLog } from "../../ledger/policies.ts";
import { inRequest, newContext } from "../../ledger/request-context.ts";
import { aws } from "../../sources/aws/aws.ts";
import { readJson } from "../../sources/payload.ts";
import { rulesFrom, trustFrom } from "../config/files.ts";
import { observationStepFrom } from "../config/observation-step.ts";
import { ANY_SENDER, senderIn, sendersFrom } from "../config/senders.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const trust = trustFrom(process.env);
const ledger = ledgerOnAws({
  quarantine: s3Quarantine(variable("ASOF_QUARANTINE_BUCKET")),
  jobs: queueJobs(variable("ASOF_LATER_QUEUE")),
  rules: rulesFrom(process.env.ASOF_RULES),
  ...(trust === undefined ? {} : { trust }),
  ...observationStepFrom(process.env),
});
const endpoints = handle(
  guarded(ledger, [recordingEndpoints(ledger), sharedQuestions(ledger)], behindOrigin()),
);
const processor = new BatchProcessor(EventType.SQS);

const senders = sendersFrom(process.env);

async function take({ body, eventSourceARN }: SQSRecord): Promise<void> {
  if (eventSourceARN === variable("ASOF_LATER_ARN")) return work(ledger, Job.parse(JSON.parse(body)));
  const json = readJson(body);
  if (json.is === "fault") return keepMalformed(ledger, ANY_SENDER, `the message ${json.reason}`, body);
  const sender = senderIn(senders, json.value);
  if (typeof sender === "string") {
    await receive(ledger, ANY_SENDER, [{ is: "rejected", reason: sender, raw: json.value, forbidden: true }]);
    return;
  }
  const context = { headers: new Headers(), receivedAt: ledger.now().toISOString() };
  await receive(ledger, sender, aws.toStatements(json.value, context));
}

/** Throws if the store or a registry does not answer: then SQS redelivers this message, but not the others. */
async function processRecord(record: SQSRecord): Promise<void> {
  try {
    await inRequest(newContext(record.messageId), () => take(record));
  } catch (error) {
    // The batch library does not log the error, and SQS only counts it.
    const reason = error instanceof Error ? error.message : String(error);
    ledger.log.error("a message failed and will be redelivered", { messageId: record.messageId, reason });
    throw error;
  }
}

let policyRecorded: Promise<void> | undefined;

const isQueue = (event: LambdaEvent | SQSEvent): event is SQSEvent => "Records" in event;

export const handler = async (
  event: LambdaEvent | SQSEvent,
  context: Context & LambdaContext,
): Promise<SQSBatchResponse | Awaited<ReturnType<typeof endpoints>>> => {
  // Once for each instance, beside its first event: instances start anew with each configuration.
  policyRecorded ??= recordPolicyOrLog(ledger, ledger.gatePolicy);
  const [answer] = await Promise.all([
    isQueue(event)
      ? processPartialResponse(event, processRecord, processor, { context, throwOnFullBatchFailure: false })
      : endpoints(event, context),
    policyRecorded,
  ]);
  return answer;
};
