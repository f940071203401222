/** The query parameters of an audit report. */
import * as z from "zod";
import { name, text } from "../scalars.ts";
import { period } from "./question.ts";

export const AuditQuestion = z.strictObject({
  environment: name,
  service: name.optional().meta({ description: "Only changes of this service." }),
  ...period,
  sample: z.coerce.number().int().min(1).max(1000).optional().meta({
    description: "Draws this many changes, the same ones for the same seed.",
  }),
  seed: text(64).default("asof").meta({ description: "Of the sample." }),
  sealing: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .optional()
    .meta({ description: "Also lists the times in which nothing was sealed." }),
  stratify: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(["emergency", "service"])).max(2))
    .optional()
    .meta({ description: "Draws from each group in turn: emergency, service, or both, comma-separated." }),
});
