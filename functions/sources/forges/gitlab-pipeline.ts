/**
 * GitLab's `Pipeline Hook` and `Job Hook`: the results of pipelines and jobs, as evidence for their commit, and jobs
 * that stopped an environment (`environment.action` is `stop`). Such a job makes no deployment, so no `Deployment Hook`
 * reports it; both hooks do, in one statement.
 *
 * Key: `pipeline/<id>/<status>/<finished_at>`, because a pipeline ends again when one of its jobs runs again;
 * `job/<id>/<status>` and `stop/<job>`, because a job that runs again is another job. A pipeline repeats its jobs with
 * each of its changes.
 * Not in the payload: an environment that was stopped without a job, on GitLab's pages or by its auto-stop time; in old
 * versions, a job's project, whose address then comes from `repository.homepage`. In a merged-results pipeline the
 * commit is a temporary merge.
 * Format: docs.gitlab.com, "Webhook events", "Pipeline events" and "Job events".
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { name } from "../../../schemas/scalars.ts";
import {
  firstLink,
  ignored,
  loginOnly,
  MAX_EVENTS,
  mapping,
  maybeText,
  present,
  quoted,
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
  object_attributes: z.looseObject({
    id: z.int().nonnegative().nullish(),
    sha: maybeText,
    status: maybeText,
    finished_at: maybeText,
    url: maybeText,
  }),
  project,
  user,
  builds: z.array(Job),
});
type Pipeline = z.infer<typeof Pipeline>;

/** The statuses that end a pipeline or a job that ran. */
const ENDED: ReadonlySet<string | undefined> = new Set(["success", "failed", "canceled"]);

const whenOf = ({ receivedAt }: Context, finishedAt: string | undefined) =>
  timeOr(receivedAt, finishedAt === undefined ? undefined : fromSpaced(finishedAt));

const hasStopped = ({ status, environment }: Job): boolean =>
  status === "success" && environment?.action === "stop";

export const mapPipeline = (payload: unknown, context: Context): Mapped[] =>
  mapping(Pipeline, payload, (pipeline) => {
    const stops = pipeline.builds.filter(hasStopped);
    if (stops.length >= MAX_EVENTS) return [rejected(`builds: at most ${MAX_EVENTS} may stop`, payload)];
    const all = [
      ...resultOf(pipeline, context, payload),
      ...stops.map((job) => stopped(job, pipeline, context)),
    ];
    return all.length > 0
      ? all
      : [ignored("the pipeline has not ended, and no job stopped an environment", payload)];
  });

function resultOf(pipeline: Pipeline, context: Context, raw: unknown): Mapped[] {
  const { project, object_attributes, user } = pipeline;
  const { id, sha, status, finished_at, url } = object_attributes;
  if (status === undefined || !ENDED.has(status) || id == null || sha === undefined) return [];
  const statement = {
    kind: "evidence.attached" as const,
    source: sourceOf("gitlab", hostOf(project), project.path_with_namespace),
    id: ["pipeline", id, status, finished_at].filter((part) => part !== undefined).join("/"),
    ...whenOf(context, finished_at),
    commit: sha,
    type: "pipeline",
    verdict: status,
    ...present({ actor: loginOnly(user?.username), url: firstLink(url) }),
  };
  return [said(statement, raw)];
}

function stopped(
  job: Job,
  { project, object_attributes }: Pick<Pipeline, "project" | "object_attributes">,
  context: Context,
): Mapped {
  const { id, url } = object_attributes;
  const page = id == null ? undefined : `${project.web_url}/-/pipelines/${id}`;
  const statement = {
    kind: "deployment.removed" as const,
    source: sourceOf("gitlab", hostOf(project), project.path_with_namespace),
    id: `stop/${job.id}`,
    ...whenOf(context, job.finished_at),
    environment: job.environment?.name,
    service: project.path_with_namespace,
    ...present({ actor: loginOnly(job.user?.username), url: firstLink(url, page) }),
  };
  return said(statement, job);
}

// --- jobs -------------------------------------------------------------------------------------------------

const JobEnded = z.looseObject({
  build_id: z.int().nonnegative(),
  build_name: z.string(),
  build_status: z.string(),
  build_finished_at: maybeText,
  sha: z.string(),
  pipeline_id: z.int().nonnegative().nullish(),
  environment: Job.shape.environment.catch(undefined),
  project: project.nullish().catch(undefined),
  repository: z.looseObject({ homepage: maybeText }).nullish(),
  user,
});

export const mapJob = (payload: unknown, context: Context): Mapped[] =>
  mapping(JobEnded, payload, ({ project: named, repository, user, environment, pipeline_id, ...job }) => {
    const { build_id, build_name, build_status, build_finished_at, sha } = job;
    if (!ENDED.has(build_status))
      return [ignored(`a job that is ${quoted(build_status)} has not ended`, payload)];
    const of = named ?? projectAt(repository?.homepage);
    if (of === undefined)
      return [rejected("project.web_url: is missing, and so is repository.homepage", payload)];
    const statement = {
      kind: "evidence.attached" as const,
      source: sourceOf("gitlab", hostOf(of), of.path_with_namespace),
      id: `job/${build_id}/${build_status}`,
      ...whenOf(context, build_finished_at),
      commit: sha,
      // Any text may be a job's name.
      type: name.safeParse(build_name).success ? `job/${build_name}` : "job",
      verdict: build_status,
      ...present({ actor: loginOnly(user?.username), url: firstLink(`${of.web_url}/-/jobs/${build_id}`) }),
    };
    const ended: Job = {
      id: build_id,
      status: build_status,
      finished_at: build_finished_at,
      user,
      environment,
    };
    const pipeline = { id: pipeline_id, sha, status: undefined, finished_at: undefined, url: undefined };
    const stop = hasStopped(ended)
      ? [stopped(ended, { project: of, object_attributes: pipeline }, context)]
      : [];
    return [said(statement, payload), ...stop];
  });

/** A project by its address. */
function projectAt(web_url = ""): z.infer<typeof project> | undefined {
  const path = URL.canParse(web_url) ? new URL(web_url).pathname.slice(1) : "";
  return project.safeParse({ web_url, path_with_namespace: path }).data;
}
