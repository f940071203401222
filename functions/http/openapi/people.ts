/** The OpenAPI description of the endpoints about the persons in the facts. */
import type * as z from "zod";
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import {
  Erasure,
  ErasureAnswer,
  HeldAnswer,
  HeldQuestion,
  KnownPersons,
} from "../../../schemas/answers/people.ts";
import { PeopleQuestion } from "../../../schemas/questions/question.ts";
import { problem, REFUSALS } from "./answers.ts";

const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema } },
});

const list: ZodOpenApiOperationObject = {
  operationId: "people",
  summary: "The persons in the facts: their logins, issuers and commitments. Role admin.",
  tags: ["Persons"],
  requestParams: { query: PeopleQuestion },
  responses: {
    "200": answer("One page, in no particular order.", KnownPersons),
    ...REFUSALS,
    "422": problem("A parameter is wrong."),
  },
};

const operation = (
  operationId: string,
  summary: string,
  body: z.ZodType,
  ok: ReturnType<typeof answer>,
): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ["Persons"],
  requestBody: { required: true, content: { "application/json": { schema: body } } },
  responses: {
    "200": ok,
    "400": problem("The body is no JSON."),
    ...REFUSALS,
    "413": problem("The body is too large."),
    "422": problem("The body is not of the expected form, or the reason holds the login."),
  },
});

export const peoplePaths: ZodOpenApiPathsObject = {
  "/v1/people": { get: list },
  "/v1/people/held": {
    post: operation(
      "heldAboutPerson",
      "What is held about a person: each fact that names it, and each whose text holds its login. Role admin.",
      HeldQuestion,
      answer("One page, in the order of recording.", HeldAnswer),
    ),
  },
  "/v1/people/erase": {
    post: operation(
      "erasePerson",
      "Erases a login, of every issuer, for good. Recorded without the login. Role admin.",
      Erasure,
      answer("Erased: nothing that can be changed holds the login.", ErasureAnswer),
    ),
  },
};
