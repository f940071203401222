/**
 * The function that streams the history to auditors, and makes their reports. It may read, and send jobs: the function that records takes them, so
 * that each export becomes a fact.
 */
import { streamHandle } from "hono/aws-lambda";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import { guarded } from "../../http/app.ts";
import { auditEndpoint } from "../../http/audit.ts";
import { exportEndpoint } from "../../http/export.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const ledger = ledgerOnAws({ jobs: queueJobs(variable("ASOF_LATER_QUEUE")) });
export const handler = streamHandle(
  guarded(ledger, [exportEndpoint(ledger), auditEndpoint(ledger)], behindOrigin()),
);
