/** Carries out redeployments. The executors and their credentials are in this function's own secret. */
import * as z from "zod";
import { Executors, executors } from "../../reactions/executors/executors.ts";
import { LedgerAccess, sqsReaction } from "./sqs-reaction.ts";

const Settings = z.strictObject({ asof: LedgerAccess, executors: Executors });

export const handler = sqsReaction(Settings, ({ executors: list }, dependencies) =>
  executors(list, dependencies),
);
