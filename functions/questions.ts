/** The function that answers questions; it may read and no more. */
import { handle } from "hono/aws-lambda";
import { guarded } from "./doors/doors.ts";
import { questionDoors } from "./doors/questions.ts";
import { ledgerOnAws } from "./lambda.ts";

const ledger = ledgerOnAws();
export const handler = handle(guarded(ledger, [questionDoors(ledger)]));
