/** The function that streams the history to auditors. It has read access only. */
import { streamHandle } from "hono/aws-lambda";
import { guarded } from "../../http/app.ts";
import { exportEndpoint } from "../../http/export.ts";
import { ledgerOnAws } from "./context.ts";

const ledger = ledgerOnAws();
export const handler = streamHandle(guarded(ledger, [exportEndpoint(ledger)]));
