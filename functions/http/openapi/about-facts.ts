/** The OpenAPI description of what people say about recorded facts. */
import type * as z from "zod";
import type { ZodOpenApiPathsObject } from "zod-openapi";
import { Dispute, Retraction, Review } from "../../../schemas/operation.ts";
import { outcomes, problem, REFUSALS } from "./answers.ts";

/** @param done what was done to it, as in "The fact was retracted" */
const aboutFact = (operationId: string, summary: string, schema: z.ZodType, done: string) => ({
  post: {
    operationId,
    summary,
    tags: ["Recording"],
    requestBody: { required: true, content: { "application/json": { schema } } },
    responses: {
      "200": outcomes(`The fact was ${done} before, for the same reason.`),
      "201": outcomes(`The fact is ${done}.`),
      "400": problem("The body is no JSON."),
      ...REFUSALS,
      "409": problem(`The fact was ${done} before, for another reason, or by another at the same moment.`),
      "413": problem("The body is too large."),
      "422": problem(`The fact is not found, or it cannot be ${done}.`),
    },
  },
});

export const aboutFacts: ZodOpenApiPathsObject = {
  "/v1/retractions": aboutFact(
    "retract",
    "Retracts a wrong fact. Final: report the correct one under another id.",
    Retraction,
    "retracted",
  ),
  "/v1/disputes": aboutFact(
    "dispute",
    "Disputes a fact: it stays, and answers that rest on it warn.",
    Dispute,
    "disputed",
  ),
  "/v1/reviews": aboutFact(
    "review",
    "Records what the review of a change found, after it took effect. The newest one counts.",
    Review,
    "reviewed",
  ),
};
