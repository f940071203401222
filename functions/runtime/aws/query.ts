/** The function that answers questions. It has read access only. */
import { handle } from "hono/aws-lambda";
import { guarded } from "../../http/app.ts";
import { queryEndpoints } from "../../http/queries.ts";
import { signInEndpoints } from "../../http/sign-in.ts";
import { ledgerOnAws } from "./context.ts";

const ledger = ledgerOnAws();
export const handler = handle(guarded(ledger, [queryEndpoints(ledger), signInEndpoints(ledger)]));
