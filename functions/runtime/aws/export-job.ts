/**
 * The function that runs exports as jobs: it takes one task from the queue. A task that throws is retried.
 */
import { randomUUID } from "node:crypto";
import type { SQSEvent } from "aws-lambda";
import { s3ExportJobs } from "../../adapters/s3/export-jobs.ts";
import { s3Log } from "../../adapters/s3/log-store.ts";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import type { Ledger } from "../../http/context.ts";
import { ExportTask } from "../../ledger/export/export-jobs.ts";
import { inRequest, newContext } from "../../ledger/request-context.ts";
import { ledgerOnAws } from "./context.ts";
import { runExport } from "./run-export.ts";
import { variable } from "./secret.ts";

const ledger: Ledger = {
  ...ledgerOnAws({ jobs: queueJobs(variable("ASOF_LATER_QUEUE")) }),
  sealedLog: s3Log(variable("ASOF_LOG_BUCKET")),
};
const files = s3ExportJobs(variable("ASOF_EXPORT_BUCKET"), async () => undefined, ledger.now);

export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) {
    const task = ExportTask.parse(JSON.parse(body));
    // Each run is an export of its own, with a fact of its own: another one may have broken off.
    await inRequest(newContext(randomUUID()), () => runExport(ledger, files, task));
  }
}
