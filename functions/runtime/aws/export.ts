/**
 * The function that streams the history to auditors, and makes their reports. It may read, and send jobs: the function that records takes them, so
 * that each export becomes a fact.
 */
import { streamHandle } from "hono/aws-lambda";
import { s3Log } from "../../adapters/s3/log-store.ts";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import { guarded } from "../../http/app.ts";
import { auditEndpoint } from "../../http/audit.ts";
import type { Ledger } from "../../http/context.ts";
import { exportEndpoint } from "../../http/export.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const ledger: Ledger = {
  ...ledgerOnAws({ jobs: queueJobs(variable("ASOF_LATER_QUEUE")) }),
  sealedLog: s3Log(variable("ASOF_LOG_BUCKET")),
};
export const handler = streamHandle(
  guarded(ledger, [exportEndpoint(ledger), auditEndpoint(ledger)], behindOrigin()),
);
