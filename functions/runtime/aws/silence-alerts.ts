/** Silences alerts while a redeployment runs: which, and where Alertmanager is, stands in this function's own secret. */
import * as z from "zod";
import { Maintenance, maintenance } from "../../reactions/silences/silences.ts";
import { LedgerAccess, listening } from "./sqs-reaction.ts";

const Settings = z.strictObject({ asof: LedgerAccess, maintenance: Maintenance });

export const handler = listening(Settings, ({ maintenance: settings }, around) =>
  maintenance(settings, around),
);
