/** The answer of `POST /v1/exports` and `GET /v1/exports/{id}`. */
import * as z from "zod";
import { time } from "../scalars.ts";

export const ExportJob = z
  .strictObject({
    id: z.string(),
    status: z.enum(["running", "ready", "failed"]),
    askedAt: time,
    link: z.string().nullable().meta({
      description:
        "where the file is: an address that needs no token until it expires; or, of a ledger that streams exports itself, the path to ask with the token",
    }),
    expires: time.nullable().meta({ description: "of the link; ask again for another one" }),
    others: z.int().nullable().exactOptional().meta({
      description: "of an export that is ready and holds no fact: how many facts its other time would give",
    }),
    sha256: z.string().nullable().meta({ description: "of the file, in hex; null where it is streamed" }),
  })
  .meta({ id: "ExportJob" });
export type ExportJob = z.infer<typeof ExportJob>;
