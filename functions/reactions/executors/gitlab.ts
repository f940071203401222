/**
 * GitLab CI/CD as an executor. It runs the original job again ("Retry a job", which also runs manual jobs; "Run a job"
 * accepts only manual jobs), or starts a new pipeline ("Trigger a pipeline with a token"). Neither is idempotent.
 */
import * as z from "zod";
import type { Plan } from "../../../schemas/plan.ts";
import { endpoint, text } from "../../../schemas/scalars.ts";
import { type ExecutorRequest, Refused, urlUnder } from "./deliver.ts";
import { inputsOf, type Order, scope, token } from "./order.ts";

const shared = {
  kind: z.literal("gitlab"),
  url: endpoint,
  project: z.union([
    z.int().positive(),
    z.string().regex(/^[\w.-]+(\/[\w.-]+)+$/, "must be the project's id or path, like acme/deploy"),
  ]),
  ...scope,
};

export const GitlabExecutor = z.discriminatedUnion("action", [
  /** `token`: an access token of the project with the scope `api`. */
  z.strictObject({ ...shared, action: z.literal("play"), token }),
  /** `token`: a pipeline trigger token. */
  z.strictObject({ ...shared, action: z.literal("trigger"), token, ref: text(255) }),
]);
export type GitlabExecutor = z.infer<typeof GitlabExecutor>;

/** The original job, from the plan's own command, if it is on this GitLab. GitLab checks that it belongs to the project. */
function jobOf({ steps }: Plan, { host }: URL): string {
  for (const { argv } of steps.flatMap(({ commands }) => commands)) {
    const [program, area, verb, job = "", repository = ""] = argv;
    const project = repository.replace(/^--repo=/, "");
    const isRetry = program === "glab" && area === "ci" && verb === "retry" && URL.canParse(project);
    if (isRetry && new URL(project).host === host && /^\d+$/.test(job)) return job;
  }
  throw new Refused(`the plan has no job on ${host} that could be run again`);
}

/** @throws {Refused} if the plan names no job to run again */
export function toGitlab(executor: GitlabExecutor, order: Order): ExecutorRequest {
  const project = `api/v4/projects/${encodeURIComponent(executor.project)}`;
  switch (executor.action) {
    case "play": {
      const job = jobOf(order.plan, new URL(executor.url));
      const headers = { "PRIVATE-TOKEN": executor.token };
      return { url: urlUnder(executor.url, `${project}/jobs/${job}/retry`), headers, body: "{}" };
    }
    case "trigger": {
      // Pipeline variables become environment variables of the jobs.
      const variables = Object.fromEntries(
        Object.entries(inputsOf(order)).map(([key, value]) => [`ASOF_${key.toUpperCase()}`, value]),
      );
      return {
        url: urlUnder(executor.url, `${project}/trigger/pipeline`),
        headers: {},
        body: JSON.stringify({ token: executor.token, ref: executor.ref, variables }),
      };
    }
  }
}
