/** The OpenAPI description of the endpoints by which people sign in with a browser. */
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from "zod-openapi";
import { Session } from "../../../schemas/answers/session.ts";
import { problem, REFUSALS } from "./answers.ts";

const operation = (
  operationId: string,
  summary: string,
  responses: ZodOpenApiOperationObject["responses"],
): ZodOpenApiOperationObject => ({ operationId, summary, tags: ["Service"], security: [], responses });

const NONE = { "404": problem("No login is configured.") };
const ISSUER_DOWN = { "503": problem("The issuer does not answer; try again later.") };

export const signInPaths: ZodOpenApiPathsObject = {
  "/auth/login": {
    get: operation("signIn", "Begins to sign in: leads the browser to the issuer.", {
      "302": { description: "To the issuer. `returnTo`, a path of this ledger, is where the sign-in ends." },
      ...NONE,
      ...ISSUER_DOWN,
    }),
  },
  "/auth/callback": {
    get: operation(
      "completeSignIn",
      "Where the issuer leads the browser back to; sets the session's cookie.",
      {
        "302": { description: "Signed in." },
        "401": problem("The issuer's token proves nothing."),
        "403": problem("The sign-in began elsewhere, was refused, or no policy takes the person."),
        "500": problem("The ID token does not fit into a cookie."),
        ...NONE,
        ...ISSUER_DOWN,
      },
    ),
  },
  "/auth/logout": {
    post: operation("signOut", "Ends the session of this browser.", {
      "204": { description: "Ended." },
      "403": problem("The request comes from another site."),
      "413": problem("The body is too large; none is needed."),
      ...NONE,
    }),
  },
  "/auth/session": {
    get: operation("session", "Who asks, and how one signs in.", {
      "200": { description: "The session.", content: { "application/json": { schema: Session } } },
      ...REFUSALS,
    }),
  },
};
