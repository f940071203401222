/**
 * GitHub Actions as an executor: "Create a workflow dispatch event" and "Create a repository dispatch event" of its REST
 * API (docs.github.com/rest). Neither is idempotent: the workflow has to detect duplicates by the redeployment's id.
 */
import * as z from "zod";
import { endpoint, text } from "../../../schemas/scalars.ts";
import { type ExecutorRequest, urlUnder } from "./deliver.ts";
import { inputsOf, type Order, scope, token } from "./order.ts";

const shared = {
  kind: z.literal("github"),
  /** For GitHub Enterprise Server: `https://<host>/api/v3`. */
  api: endpoint.default("https://api.github.com"),
  repository: z
    .string()
    .regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/, "must be owner/repository, like acme/deploy"),
  token,
  ...scope,
};

export const GithubExecutor = z.discriminatedUnion("event", [
  z.strictObject({
    ...shared,
    event: z.literal("workflow_dispatch"),
    workflow: z
      .string()
      .regex(/^(\d+|[\w.-]+\.ya?ml)$/, "must be the name of the workflow's file, or its id"),
    ref: text(255),
  }),
  z.strictObject({ ...shared, event: z.literal("repository_dispatch"), event_type: text(100) }),
]);
export type GithubExecutor = z.infer<typeof GithubExecutor>;

export function toGithub(executor: GithubExecutor, order: Order): ExecutorRequest {
  const { api, repository } = executor;
  const headers = {
    Accept: "application/vnd.github+json",
    Authorization: `Bearer ${executor.token}`,
    "X-GitHub-Api-Version": "2022-11-28",
  };
  switch (executor.event) {
    case "workflow_dispatch": {
      const { workflow, ref } = executor;
      return {
        url: urlUnder(api, `repos/${repository}/actions/workflows/${workflow}/dispatches`),
        headers,
        body: JSON.stringify({ ref, inputs: inputsOf(order) }),
      };
    }
    case "repository_dispatch":
      return {
        url: urlUnder(api, `repos/${repository}/dispatches`),
        headers,
        body: JSON.stringify({ event_type: executor.event_type, client_payload: inputsOf(order) }),
      };
  }
}
