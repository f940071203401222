/** Exports as jobs: a queue of tasks, a function that runs them, and a bucket that forgets their files. */
import { Duration, RemovalPolicy, Size, Validations } from "aws-cdk-lib";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Alarms } from "./alarms.ts";
import { deadLetters, QUEUE_DEFAULTS } from "./dead-letters.ts";
import type { LedgerFunction, LedgerFunctionProps } from "./function.ts";
import { EXPORT_JOB } from "./functions.ts";
import { allowObjects } from "./objects.ts";
import type { LedgerTable } from "./table.ts";

/** Lambda's maximum. */
const TIMEOUT = Duration.minutes(15);
const ATTEMPTS = 3;
/** SQS's least, and few enough that exports leave the table to others. */
const AT_ONCE = 2;
/** Lambda's maximum: a file of the export is on the disk before it is in the bucket. */
const DISK = Size.gibibytes(10);
const NAMED = "The files are named by the ids of their jobs.";

function exportBucket(scope: Construct, keepDays: number): Bucket {
  const bucket = new Bucket(scope, "Exports", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [{ expiration: Duration.days(keepDays) }],
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Each export is a fact of the ledger, with who made it; a link ends after an hour.",
  });
  return bucket;
}

export interface ExportJobs {
  /** Takes requests for exports, and hands out links. */
  readonly asked: LedgerFunction;
  readonly table: LedgerTable;
  /** The queue of jobs, whose function records that an export was made. */
  readonly later: Queue;
  readonly environment: Record<string, string>;
  readonly addFunction: (
    id: string,
    name: typeof EXPORT_JOB,
    props: Omit<LedgerFunctionProps, "bundle">,
  ) => LedgerFunction;
}

/** Returns the function that runs them, if they are configured: it reads the ledger, and writes nothing but files. */
export function addExportJobs(
  scope: Construct,
  alarms: Alarms,
  settings: { readonly keepDays: number } | undefined,
  { asked, table, later, environment, addFunction }: ExportJobs,
): LedgerFunction[] {
  if (settings === undefined) return [];
  const bucket = exportBucket(scope, settings.keepDays);
  const dlq = deadLetters(
    scope,
    alarms,
    "ExportJobDlq",
    "An export that somebody asked for could not be made.",
  );
  const queue = new Queue(scope, "ExportJobs", {
    ...QUEUE_DEFAULTS,
    // AWS recommends six times the time limit, for throttled retries; a task is one message, taken by few.
    visibilityTimeout: Duration.seconds(6 * TIMEOUT.toSeconds()),
    retentionPeriod: Duration.days(1),
    deadLetterQueue: { queue: dlq, maxReceiveCount: ATTEMPTS },
  });
  const job = addFunction("ExportJob", EXPORT_JOB, {
    ...{ timeout: TIMEOUT, memoryMiB: 1024, disk: DISK },
    environment: {
      ...environment,
      ASOF_EXPORT_BUCKET: bucket.bucketName,
    },
  });
  table.allowReads(job);
  job.allow(["sqs:SendMessage"], later.queueArn);
  job.addEventSource(new SqsEventSource(queue, { batchSize: 1, maxConcurrency: AT_ONCE }));
  allowObjects(bucket, job, NAMED, ["s3:PutObject"]);
  asked.addEnvironment("ASOF_EXPORT_BUCKET", bucket.bucketName);
  asked.addEnvironment("ASOF_EXPORT_QUEUE", queue.queueUrl);
  allowObjects(bucket, asked, NAMED, ["s3:GetObject", "s3:PutObject"]);
  // Without it, S3 answers 403 for a file that is not there yet.
  asked.allow(["s3:ListBucket"], bucket.bucketArn);
  asked.allow(["sqs:SendMessage"], queue.queueArn);
  return [job];
}
