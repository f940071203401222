/**
 * The function that streams the history to auditors, and makes their reports. It may read, and send jobs: the function that records takes them, so
 * that each export becomes a fact.
 */
import { streamHandle } from "hono/aws-lambda";
import { s3ExportJobs } from "../../adapters/s3/export-jobs.ts";
import { s3Log } from "../../adapters/s3/log-store.ts";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import { sender } from "../../adapters/sqs/queue.ts";
import { guarded } from "../../http/app.ts";
import type { Ledger } from "../../http/context.ts";
import { exportEndpoint } from "../../http/export/export.ts";
import { exportJobEndpoints } from "../../http/export/export-jobs.ts";
import { auditEndpoint } from "../../http/questions/audit.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const exportBucket = process.env.ASOF_EXPORT_BUCKET;
const exportQueue = process.env.ASOF_EXPORT_QUEUE;
const now = () => new Date();
const ledger: Ledger = {
  ...ledgerOnAws({ jobs: queueJobs(variable("ASOF_LATER_QUEUE")) }),
  sealedLog: s3Log(variable("ASOF_LOG_BUCKET")),
  ...(exportBucket === undefined || exportQueue === undefined
    ? {}
    : { exportJobs: s3ExportJobs(exportBucket, sender(exportQueue), now) }),
};
export const handler = streamHandle(
  guarded(
    ledger,
    [exportEndpoint(ledger), exportJobEndpoints(ledger), auditEndpoint(ledger)],
    behindOrigin(),
  ),
);
