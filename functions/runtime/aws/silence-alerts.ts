/** Silences alerts while a redeployment runs. The matchers and Alertmanager's address are in this function's own secret. */
import * as z from "zod";
import { Maintenance, maintenance } from "../../reactions/silences/silences.ts";
import { LedgerAccess, sqsReaction } from "./sqs-reaction.ts";

const Settings = z.strictObject({ asof: LedgerAccess, maintenance: Maintenance });

export const handler = sqsReaction(Settings, ({ maintenance: settings }, dependencies) =>
  maintenance(settings, dependencies),
);
