/**
 * GitHub's `workflow_run` and `deployment_review`: evidence about a commit.
 *
 * Key: `workflow_run/<run>/<attempt>/completed`; `deployment_review/<job's run>/<action>`, because a job that runs again
 * is another job.
 * Not in the payload: for a workflow run, the environment that it deployed to (a `deployment_status` reports it); for a
 * review of a deployment, the deployment, and the time of the decision (`since` is when the job began to wait). An approval counts for one environment, whose name is therefore part of the evidence's type.
 * Format: docs.github.com, "Webhook events and payloads"; schemas of octokit/webhooks.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
import {
  firstLink,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  said,
  timeOr,
} from "../payload.ts";
import { type Context, sourceOf } from "../source.ts";

const user = z.looseObject({ login: maybeText }).nullish();
const repository = z.looseObject({ full_name: z.string().min(1), html_url: url });
type Repository = z.infer<typeof repository>;

/** The statement without its kind and source. */
interface Evidence {
  readonly id: string;
  readonly commit: string;
  readonly type: string;
  readonly verdict: string;
  readonly occurredAt: string;
  readonly [more: string]: string;
}

const evidence = ({ html_url, full_name }: Repository, stated: Evidence, raw: unknown): Mapped =>
  said(
    { kind: "evidence.attached", source: sourceOf("github", new URL(html_url).host, full_name), ...stated },
    raw,
  );

// --- runs of workflows ------------------------------------------------------------------------------------

const WorkflowRun = z.looseObject({
  action: z.string(),
  workflow_run: z.looseObject({
    id: z.int().nonnegative(),
    run_attempt: z.int().nonnegative(),
    head_sha: z.string(),
    conclusion: maybeText,
    updated_at: z.string(),
    html_url: maybeText,
  }),
  repository,
  sender: user,
});

export const mapWorkflowRun = (payload: unknown): Mapped[] =>
  mapping(WorkflowRun, payload, ({ action, workflow_run: run, repository, sender }) => {
    const { id, run_attempt, head_sha, conclusion, updated_at, html_url } = run;
    if (action !== "completed" || conclusion === undefined) {
      return [ignored(`a workflow's run that is ${quoted(action)} has no conclusion`, payload)];
    }
    const stated = {
      id: `workflow_run/${id}/${run_attempt}/${action}`,
      commit: head_sha,
      type: "workflow_run",
      verdict: conclusion,
      occurredAt: updated_at,
      ...present({ actor: loginOnly(sender?.login), url: firstLink(html_url) }),
    };
    return [evidence(repository, stated, payload)];
  });

// --- reviews of deployments -------------------------------------------------------------------------------

const jobRun = z.looseObject({ id: z.int().nonnegative(), environment: z.string(), html_url: maybeText });

const DeploymentReview = z.looseObject({
  action: z.string(),
  workflow_run: z.looseObject({ head_sha: z.string() }),
  workflow_job_runs: z.array(jobRun).max(256).nullish(),
  workflow_job_run: jobRun.nullish(),
  approver: user,
  repository,
  sender: user,
});

export const mapDeploymentReview = (payload: unknown, { receivedAt }: Context): Mapped[] =>
  mapping(DeploymentReview, payload, ({ action, workflow_run, repository, approver, sender, ...jobs }) => {
    if (action !== "approved" && action !== "rejected") {
      return [ignored(`a review that is ${quoted(action)} decides nothing`, payload)];
    }
    const reviewed = jobs.workflow_job_runs ?? [jobs.workflow_job_run].filter((run) => run != null);
    if (reviewed.length === 0) return [ignored("the review names no job and no environment", payload)];
    return reviewed.map(({ id, environment, html_url }) => {
      const stated = {
        id: `deployment_review/${id}/${action}`,
        commit: workflow_run.head_sha,
        type: `deployment_review/${environment}`,
        verdict: action,
        ...timeOr(receivedAt),
        ...present({
          by: loginOnly(approver?.login),
          actor: loginOnly(sender?.login),
          url: firstLink(html_url),
        }),
      };
      return evidence(repository, stated, payload);
    });
  });
