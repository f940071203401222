/** The operations of the service itself: metrics, backups, this description, health. */
import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import { FACTS_HEADER } from "../../../schemas/read-answer.ts";
import { problem, REFUSALS } from "./answers.ts";

const backupOperation: ZodOpenApiOperationObject = {
  operationId: "backUp",
  summary: "A copy of the ledger's file as it is at one moment, checked by `asof backup`. Role admin.",
  tags: ["Service"],
  responses: {
    "200": {
      description: "The file: a SQLite database with everything in it, including people and quarantine.",
      headers: z.object({
        [FACTS_HEADER]: z.int().meta({ description: "the least number of facts in it" }),
      }),
      content: { "application/vnd.sqlite3": { schema: z.string().meta({ format: "binary" }) } },
    },
    ...REFUSALS,
    "404": problem("The ledger is not stored in one file."),
    "409": problem("Another backup is in progress."),
    "413": problem("The body is too large; none is needed."),
  },
};

const openOperation = (operationId: string, summary: string): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Service"],
  security: [],
  responses: {
    "200": { description: "OK.", content: { "application/json": { schema: z.looseObject({}) } } },
    "4XX": problem("No such endpoint."),
  },
});

export const servicePaths: ZodOpenApiPathsObject = {
  "/metrics": {
    get: {
      ...openOperation("metrics", "The metrics in Prometheus' text format, of a ledger on one machine."),
      security: [{ token: [] }, {}],
      responses: {
        "200": {
          description: "The metrics. Without a token for processes on the ledger's own machine.",
          content: { "text/plain": { schema: z.string() } },
        },
        ...REFUSALS,
        "404": problem("The ledger is on AWS; its metrics are in CloudWatch."),
      },
    },
  },
  "/v1/backups": { post: backupOperation },
  "/openapi.json": { get: openOperation("openapi", "This description.") },
  "/healthz": { get: openOperation("health", "Whether the service is up.") },
};
