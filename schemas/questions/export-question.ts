/** The query parameters of an export. */
import * as z from "zod";
import { KINDS } from "../fact.ts";
import { name, source, text } from "../scalars.ts";
import { endOfPeriod, several, startOfPeriod, tz } from "./question.ts";

export const ExportQuestion = z
  .strictObject({
    from: startOfPeriod,
    to: endOfPeriod
      .optional()
      .meta({ description: "By recordedAt it never passes now minus the settle time." }),
    tz,
    by: z.enum(["recordedAt", "occurredAt"]).default("recordedAt").meta({
      description:
        "Which time of a fact lies in the span. recordedAt: each fact comes once, and the export is resumable. occurredAt: facts that come late are missing in an earlier export of the same span.",
    }),
    format: z.enum(["ndjson", "csv"]).default("ndjson"),
    excel: z
      .literal("true")
      .transform(() => true)
      .optional()
      .meta({
        description: "With `format=csv`: `;` between the cells, a byte order mark, and numbers as text.",
      }),
    environment: name.optional().meta({
      description: "Only facts of this environment, and what retracts or disputes them.",
    }),
    group: name.optional().meta({ description: "The same of all environments of a group." }),
    service: name.optional().meta({ description: "The same of a service." }),
    kind: several(z.string().pipe(z.enum(KINDS)), 64).meta({
      description: "Only facts of these kinds, separated by commas.",
      examples: ["deployment.succeeded,deployment.removed"],
    }),
    reportedBy: text(128)
      .optional()
      .meta({ description: "Only facts that this token or identity reported." }),
    source: source.optional().meta({ description: "Only facts of this source." }),
    cursor: text(1024).optional().meta({
      description:
        "Resumes an interrupted export by recordedAt: recordedAt, source and id of its last complete line, joined by spaces.",
    }),
  })
  .refine((it) => it.environment === undefined || it.group === undefined, {
    error: "environment goes without group",
  })
  .refine((it) => it.cursor === undefined || it.by === "recordedAt", {
    error: "cursor goes with by=recordedAt: facts may still come that occurred before the last one",
  })
  .refine((it) => it.excel === undefined || it.format === "csv", { error: "excel goes with format=csv" });
