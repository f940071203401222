/**
 * The function that lists, shows and erases persons: the only one that may delete from their table. It may not write facts;
 * the function that records takes its jobs.
 */
import { handle } from "hono/aws-lambda";
import { dynamodbClient } from "../../adapters/dynamodb/client.ts";
import { dynamodbRegister } from "../../adapters/dynamodb/people.ts";
import { s3QuarantineEraser } from "../../adapters/s3/eraser.ts";
import { queueJobs } from "../../adapters/sqs/jobs.ts";
import { guarded } from "../../http/app.ts";
import { peopleEndpoints } from "../../http/operations/people.ts";
import type { Erasers } from "../../ledger/people/erasure.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const ledger = ledgerOnAws({ jobs: queueJobs(variable("ASOF_LATER_QUEUE")) });
const client = dynamodbClient();
const erasers: Erasers = {
  register: dynamodbRegister({ client, name: variable("ASOF_PEOPLE_TABLE") }),
  quarantine: s3QuarantineEraser(variable("ASOF_QUARANTINE_BUCKET")),
  // SQS changes no message; it keeps each for days.
  jobs: { redact: async () => undefined },
  record: (job) => ledger.jobs.put(job),
};
export const handler = handle(guarded(ledger, [peopleEndpoints(ledger, erasers)], behindOrigin()));
