/** The function that streams the history to auditors; it may read and no more. */
import { streamHandle } from "hono/aws-lambda";
import { guarded } from "./doors/doors.ts";
import { exportDoor } from "./doors/exporting.ts";
import { ledgerOnAws } from "./lambda.ts";

const ledger = ledgerOnAws();
export const handler = streamHandle(guarded(ledger, [exportDoor(ledger)]));
