/**
 * GitLab CI/CD as an executor: the job of then, run again ("Retry a job", which runs a manual one too; "Run a job" takes
 * none that has run and is not manual), or a new pipeline ("Trigger a pipeline with a token"). Neither is idempotent.
 */
import * as z from "zod";
import type { Plan } from "../../../schemas/plan.ts";
import { endpoint, text } from "../../../schemas/scalars.ts";
import { Refused, type Sending, under } from "./deliver.ts";
import { type Order, scope, token, told } from "./order.ts";

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
  /** The token: an access token of the project with the scope `api`. */
  z.strictObject({ ...shared, action: z.literal("play"), token }),
  /** The token: a trigger's. */
  z.strictObject({ ...shared, action: z.literal("trigger"), token, ref: text(255) }),
]);
export type GitlabExecutor = z.infer<typeof GitlabExecutor>;

/** The job of then, as the plan's own command names it, on this GitLab; whether it is the project's, GitLab knows. */
function jobOf({ steps }: Plan, { host }: URL): string {
  for (const { argv } of steps.flatMap(({ commands }) => commands)) {
    const [program, area, verb, job = "", repository = ""] = argv;
    const project = repository.replace(/^--repo=/, "");
    const isRetry = program === "glab" && area === "ci" && verb === "retry" && URL.canParse(project);
    if (isRetry && new URL(project).host === host && /^\d+$/.test(job)) return job;
  }
  throw new Refused(`the plan names no job of ${host} that could be run again`);
}

/** @throws {Refused} where no job of then is known */
export function toGitlab(executor: GitlabExecutor, order: Order): Sending {
  const project = `api/v4/projects/${encodeURIComponent(executor.project)}`;
  switch (executor.action) {
    case "play": {
      const job = jobOf(order.plan, new URL(executor.url));
      const headers = { "PRIVATE-TOKEN": executor.token };
      return { url: under(executor.url, `${project}/jobs/${job}/retry`), headers, body: "{}" };
    }
    case "trigger": {
      // Each becomes a variable of the pipeline, and so an environment variable of its jobs.
      const variables = Object.fromEntries(
        Object.entries(told(order)).map(([key, value]) => [`ASOF_${key.toUpperCase()}`, value]),
      );
      return {
        url: under(executor.url, `${project}/trigger/pipeline`),
        headers: {},
        body: JSON.stringify({ token: executor.token, ref: executor.ref, variables }),
      };
    }
  }
}
