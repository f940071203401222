/** The OpenAPI description of what auditors read: the export, and the report. */
import * as z from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { Audit } from "../../../schemas/answers/audit.ts";
import { ExportJob } from "../../../schemas/answers/export-job.ts";
import { AuditQuestion } from "../../../schemas/questions/audit-question.ts";
import { ExportQuestion } from "../../../schemas/questions/export-question.ts";
import { problem, REFUSALS } from "./answers.ts";

export const auditPaths: ZodOpenApiPathsObject = {
  "/v1/export": {
    get: {
      operationId: "export",
      summary: "Every fact of a time span, once, in the order of recording; streamed.",
      tags: ["Audit"],
      requestParams: { query: ExportQuestion },
      responses: {
        "200": {
          description: "One fact a line. A stream that breaks off is resumed with `cursor`.",
          content: { "application/x-ndjson": { schema: z.string() }, "text/csv": { schema: z.string() } },
        },
        ...REFUSALS,
        "422": problem("A parameter is wrong."),
      },
    },
  },
  "/v1/exports": {
    post: {
      operationId: "startExport",
      summary: "The same as a job, for periods that take longer than an answer may. Role auditor.",
      tags: ["Audit"],
      requestParams: { query: ExportQuestion },
      responses: {
        "200": {
          description: "This ledger streams: the link is there at once.",
          content: { "application/json": { schema: ExportJob } },
        },
        "202": {
          description: "It runs: ask `Location` for the link.",
          content: { "application/json": { schema: ExportJob } },
        },
        ...REFUSALS,
        "413": problem("The body is too large: there is none to send."),
        "422": problem("A parameter is wrong."),
      },
    },
  },
  "/v1/exports/{id}": {
    get: {
      operationId: "exportJob",
      summary: "Whether an export is ready, and its link, which expires. For whoever asked for it.",
      tags: ["Audit"],
      requestParams: { path: z.object({ id: z.string() }) },
      responses: {
        "200": { description: "The job.", content: { "application/json": { schema: ExportJob } } },
        ...REFUSALS,
        "404": problem("There is no such export, or somebody else asked for it."),
      },
    },
  },
  "/v1/audit": {
    get: {
      operationId: "audit",
      summary: "Every change of a period, with who approved it, and what the controls find. Role auditor.",
      tags: ["Audit"],
      requestParams: { query: AuditQuestion },
      responses: {
        "200": {
          description: "The report. With `knownAt`, the same question has the same answer for good.",
          content: { "application/json": { schema: Audit } },
        },
        ...REFUSALS,
        "404": problem("The environment is unknown."),
        "422": problem("A parameter is wrong; the detail says which, and what was expected."),
      },
    },
  },
};
