/** What the quarantine holds. */
import * as z from "zod";
import { time } from "../scalars.ts";

const quarantined = {
  key: z.string(),
  at: time,
  why: z.enum(["conflict", "rejected", "malformed"]),
  reason: z.string().meta({ description: "what was wrong, and in which field" }),
  door: z.string().meta({ description: "the endpoint that received it: a vendor's name, or events" }),
  reportedBy: z.string(),
};

export const Quarantine = z
  .strictObject({
    entries: z.array(z.strictObject(quarantined)).meta({ description: "newest first" }),
    next: z.string().nullable(),
  })
  .meta({ id: "Quarantine" });
export type Quarantine = z.infer<typeof Quarantine>;

export const QuarantinedItem = z
  .strictObject({
    ...quarantined,
    event: z.unknown().meta({ description: "as received, without credentials" }),
    statement: z.looseObject({}).exactOptional().meta({ description: "what it was mapped to, if it was" }),
  })
  .meta({ id: "QuarantinedItem" });
export type QuarantinedItem = z.infer<typeof QuarantinedItem>;

export const Discarded = z
  .strictObject({ key: z.string(), discarded: z.literal(true) })
  .meta({ id: "Discarded" });
export type Discarded = z.infer<typeof Discarded>;
