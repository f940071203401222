/** Descriptions of responses that several endpoints share. */
import { Outcomes, Problem } from "../../../schemas/answer.ts";
import { Whoami } from "../../../schemas/answers/whoami.ts";

export const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});

export const REFUSALS = {
  "401": problem("No token, or an unknown one."),
  "403": problem("The token's role does not allow it."),
  "503": problem("The store did not answer in time; sending the same request again is safe."),
};

export const outcomes = (description: string) => ({
  description,
  content: { "application/json": { schema: Outcomes } },
});

export const whoamiOperation = {
  operationId: "whoami",
  summary: "Whose token this is, and what it allows.",
  tags: ["Service"],
  responses: {
    "200": {
      description: "The token's name, role and rights.",
      content: { "application/json": { schema: Whoami } },
    },
    ...REFUSALS,
  },
};
