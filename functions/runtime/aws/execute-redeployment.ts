/** Carries out redeployments: what executors there are, and their credentials, stands in this function's own secret. */
import * as z from "zod";
import { Executors, executors } from "../../reactions/executors/executors.ts";
import { LedgerAccess, listening } from "./sqs-reaction.ts";

const Settings = z.strictObject({ asof: LedgerAccess, executors: Executors });

export const handler = listening(Settings, ({ executors: list }, around) => executors(list, around));
