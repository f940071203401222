/** What the ledger adds to a statement when it records it. */
import * as z from "zod";
import { Sent } from "./answers/names.ts";
import { hash, text, time } from "./scalars.ts";

/** Fields that only the ledger sets. */
export const Recording = z.strictObject({
  v: z.literal(1),
  recordedAt: time,
  reportedBy: text(128),
  /** Its sender was bound by grants: the fact counts within what it names alone. */
  bound: z.literal(true).exactOptional(),
  /** The sender's own names; absent where no naming rule applied. */
  sent: Sent.exactOptional(),
  statementHash: hash,
});
export type Recording = z.infer<typeof Recording>;
