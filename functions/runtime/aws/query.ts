/** The function that answers questions; it may read and no more. */
import { handle } from "hono/aws-lambda";
import { guarded } from "../../http/app.ts";
import { questionDoors } from "../../http/queries.ts";
import { ledgerOnAws } from "./context.ts";

const ledger = ledgerOnAws();
export const handler = handle(guarded(ledger, [questionDoors(ledger)]));
