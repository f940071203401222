/** One fact as the ledger holds it. */
import * as z from "zod";
import { hash } from "../scalars.ts";

export const StoredFact = z
  .strictObject({
    fact: z.record(z.string(), z.unknown()).meta({
      description: "what was reported, and when it was recorded, by whom; persons by their logins",
    }),
    leafHash: hash.meta({
      description:
        "its hash in the sealed log, as its receipt names it: of the fact with persons as they are stored",
    }),
    sealed: z
      .strictObject({
        size: z.int().meta({ description: "leaves of the newest checkpoint" }),
        index: z.int().nullable().meta({ description: "its place in the log; null: not sealed yet" }),
      })
      .exactOptional()
      .meta({ description: "absent: the ledger has no sealed log" }),
  })
  .meta({ id: "StoredFact" });
export type StoredFact = z.infer<typeof StoredFact>;
