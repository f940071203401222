/** The OpenAPI description of the sealed log. */
import * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import { ProofQuestion } from "../../../schemas/questions/question.ts";
import { Anchors } from "../../../schemas/settings/anchors.ts";
import { problem, REFUSALS } from "./answers.ts";

const NOT_THERE = { "404": problem("The log has no such file, or not yet; or this ledger is not sealed.") };

const text = { "text/plain": { schema: z.string() } };
const bytes = { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } };
const reply = { "application/timestamp-reply": { schema: z.string().meta({ format: "binary" }) } };

const file = (
  operationId: string,
  summary: string,
  content: typeof text | typeof bytes | typeof reply,
  more: Partial<ZodOpenApiOperationObject> = { security: [] },
): { get: ZodOpenApiOperationObject } => ({
  get: {
    operationId,
    summary,
    tags: ["Audit"],
    responses: { "200": { description: "The file, as it lies in the log.", content }, ...NOT_THERE },
    ...more,
  },
});

const at = (parameter: string, description: string) => ({
  requestParams: { path: z.object({ [parameter]: z.string().meta({ description }) }) },
});

export const sealedLogPaths: ZodOpenApiPathsObject = {
  "/v1/log/checkpoint": file("checkpoint", "The newest signed checkpoint of the sealed log.", text),
  "/v1/log/checkpoints/{size}": file("checkpointOfSize", "The checkpoint of one size.", text, {
    security: [],
    ...at("size", "a number of leaves"),
  }),
  "/v1/log/anchors": {
    get: {
      operationId: "anchors",
      summary: "Which checkpoints have a time-stamp of an outside authority.",
      tags: ["Audit"],
      security: [],
      responses: {
        "200": {
          description: "Their sizes.",
          content: { "application/json": { schema: Anchors } },
        },
        ...NOT_THERE,
      },
    },
  },
  "/v1/log/anchors/{file}": file(
    "anchor",
    "The time-stamp (RFC 3161) of the checkpoint of one size.",
    reply,
    {
      security: [],
      ...at("file", "the size and `.tsr`, like 512.tsr"),
    },
  ),
  "/v1/log/key": file("logKey", "The key that checks checkpoints, as a vkey of signed notes.", text),
  "/v1/log/tile/{level}/{path}": file("tile", "Hashes of the log's tree: c2sp.org/tlog-tiles.", bytes, {
    security: [],
    requestParams: {
      path: z.object({
        level: z.string(),
        path: z.string().meta({ description: "like x001/234, or 000.p/5" }),
      }),
    },
  }),
  "/v1/log/tile/entries/{path}": {
    get: {
      operationId: "entries",
      summary: "Entries of the log, which are facts of every environment. Role auditor, without bounds.",
      tags: ["Audit"],
      ...at("path", "like x001/234, or 000.p/5"),
      responses: {
        "200": { description: "Entries, each after its length in 16 bits.", content: bytes },
        ...REFUSALS,
        ...NOT_THERE,
      },
    },
  },
  "/v1/log/proof": {
    get: {
      operationId: "proof",
      summary: "The proof that one fact is in the sealed log: c2sp.org/tlog-proof@v1. Role auditor.",
      tags: ["Audit"],
      requestParams: { query: ProofQuestion },
      responses: {
        "200": { description: "The proof, with the checkpoint that it leads to.", content: text },
        ...REFUSALS,
        ...NOT_THERE,
        "409": problem("The fact is not sealed yet."),
        "422": problem("A parameter is wrong."),
      },
    },
  },
};
