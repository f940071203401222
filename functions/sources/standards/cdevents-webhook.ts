/**
 * CDEvents for senders that post to a URL: bare, or as the data of a CloudEvent. The same as `POST /v1/events`; see
 * `cdevents.ts`.
 *
 * Proof: none in the event; the endpoint requires a writer's token.
 */
import type { Source } from "../source.ts";
import { toStatement } from "./cloudevents.ts";

export const cdevents: Source = {
  vendor: "cdevents",
  toStatements: (payload) => [toStatement(payload)],
  covers: [
    {
      name: "CDEvents",
      push: "yes",
      delete: "yes",
      deploy: "results",
      commit: "of a package",
      digest: "by package URL",
      time: "yes",
      identity: "source and id",
      authentication: "a writer's token",
      tried: "published samples",
    },
  ],
};
