/**
 * The function that answers questions, serves the page, and checks regularly which sources fell silent. It has read
 * access only.
 */
import { join } from "node:path";
import { handle, type LambdaContext, type LambdaEvent } from "hono/aws-lambda";
import { s3Log } from "../../adapters/s3/log-store.ts";
import { s3Quarantine } from "../../adapters/s3/quarantine.ts";
import { guarded } from "../../http/app.ts";
import type { Ledger } from "../../http/context.ts";
import { sealedLogEndpoints } from "../../http/export/sealed-log.ts";
import { pageEndpoints } from "../../http/page.ts";
import { queryEndpoints } from "../../http/questions/queries.ts";
import { sourceCheck } from "../../http/questions/source-check.ts";
import { signInEndpoints } from "../../http/sign-in.ts";
import { silentAfterFrom } from "../config/silent-after.ts";
import { pageIn } from "../page-folder.ts";
import { ledgerOnAws } from "./context.ts";
import { behindOrigin } from "./origin.ts";
import { variable } from "./secret.ts";

const ledger: Ledger = {
  ...ledgerOnAws({
    quarantine: s3Quarantine(variable("ASOF_QUARANTINE_BUCKET")),
    silentAfter: silentAfterFrom(process.env),
  }),
  sealedLog: s3Log(variable("ASOF_LOG_BUCKET")),
};
const page = pageEndpoints(() => pageIn(join(import.meta.dirname, "page")));
const endpoints = handle(
  guarded(
    ledger,
    [queryEndpoints(ledger), sealedLogEndpoints(ledger), signInEndpoints(ledger), page],
    behindOrigin(),
  ),
);
const checkSources = sourceCheck(ledger);

/** The schedule's event, as the stack has it. */
interface Check {
  readonly check: "sources";
}

export const handler = async (
  event: LambdaEvent | Check,
  context: LambdaContext,
): Promise<Awaited<ReturnType<typeof endpoints>> | undefined> => {
  if (!("check" in event)) return endpoints(event, context);
  await checkSources();
  return undefined;
};
