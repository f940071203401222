/**
 * GitLab's `Pipeline Hook`. One thing is recorded from it: a job that stopped an environment (`environment.action` is
 * `stop`). Such a job makes no deployment, so no `Deployment Hook` reports it; it reports all other jobs.
 *
 * Key: `stop/<job>`. A pipeline repeats its jobs with each of its changes; a job that succeeded is always the same, and a
 * job that runs again is another job.
 * Not in the payload: an environment that was stopped without a job, on GitLab's pages or by its auto-stop time.
 * Format: docs.gitlab.com, "Webhook events", "Pipeline events".
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  firstLink,
  ignored,
  MAX_EVENTS,
  mapping,
  maybeText,
  present,
  rejected,
  said,
  timeOr,
} from "../payload.ts";
import { type Context, sourceOf } from "../source.ts";
import { fromSpaced } from "../times.ts";
import { hostOf, project, user } from "./gitlab-deployment.ts";

const Job = z.looseObject({
  id: z.int().nonnegative(),
  status: z.string(),
  finished_at: maybeText,
  user,
  environment: z.looseObject({ name: maybeText, action: maybeText }).nullish(),
});
type Job = z.infer<typeof Job>;

const Pipeline = z.looseObject({
  object_attributes: z.looseObject({ url: maybeText }),
  project,
  builds: z.array(Job),
});
type Pipeline = z.infer<typeof Pipeline>;

const hasStopped = ({ status, environment }: Job): boolean =>
  status === "success" && environment?.action === "stop";

export const mapPipeline = (payload: unknown, context: Context): Mapped[] =>
  mapping(Pipeline, payload, (pipeline) => {
    const stops = pipeline.builds.filter(hasStopped);
    if (stops.length === 0) return [ignored("no job of the pipeline stopped an environment", payload)];
    if (stops.length > MAX_EVENTS) return [rejected(`builds: at most ${MAX_EVENTS} may stop`, payload)];
    return stops.map((job) => stopped(job, pipeline, context));
  });

function stopped(job: Job, { project, object_attributes }: Pipeline, { receivedAt }: Context): Mapped {
  const statement = {
    kind: "deployment.removed" as const,
    source: sourceOf("gitlab", hostOf(project), project.path_with_namespace),
    id: `stop/${job.id}`,
    ...timeOr(receivedAt, job.finished_at === undefined ? undefined : fromSpaced(job.finished_at)),
    environment: job.environment?.name,
    service: project.path_with_namespace,
    ...present({ actor: job.user?.username, url: firstLink(object_attributes.url) }),
  };
  return said(statement, job);
}
