/** `asof import gitlab`: deployments with their approvals, merged merge requests with theirs, and tags of the registry. */
import { GitbeakerRequestError, Gitlab } from "@gitbeaker/rest";
import { Option } from "commander";
import * as z from "zod";
import { gitlab as webhooks } from "../../functions/sources/forges/gitlab.ts";
import { hashOf } from "../../functions/sources/payload.ts";
import { digest as digestForm, endpoint } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import { itemsFrom } from "./forges/mapped.ts";
import { type Importer, type Item, unknown } from "./importer.ts";
import { importSource } from "./sources.ts";

const WHAT = ["deployments", "changes", "images"] as const;
type What = (typeof WHAT)[number];

const Options = z.looseObject({
  args: z.array(z.string()),
  gitlabUrl: z.string().optional(),
  only: z.enum(WHAT).optional(),
  since: z.string().optional(),
});

type Api = InstanceType<typeof Gitlab>;
const Project = z.looseObject({ id: z.int(), path_with_namespace: z.string(), web_url: z.string() });
type Project = z.infer<typeof Project>;

interface Origin {
  readonly api: Api;
  readonly project: Project;
  /** A time; nothing before it is asked for. */
  readonly since: string | undefined;
  readonly now: string;
}

const PAGE = 100;

/** The statements of a hook's event, as the webhook would have them. */
function* asHook({ project, now }: Origin, event: string, payload: object): Generator<Item> {
  const headers = new Headers({ "x-gitlab-event": event });
  const mapped = webhooks.toStatements({ ...payload, project }, { headers, receivedAt: now });
  yield* itemsFrom(mapped, `${project.path_with_namespace}: ${event}`);
}

// --- deployments ------------------------------------------------------------------------------------------

const user = z.looseObject({ id: z.int().optional(), username: z.string() }).nullish();
const Approval = z.looseObject({ user, status: z.string(), created_at: z.string().nullish() });
const Deployment = z.looseObject({
  id: z.int(),
  status: z.string(),
  ref: z.string(),
  sha: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  environment: z.looseObject({ name: z.string() }),
  user,
  deployable: z
    .looseObject({ id: z.int(), started_at: z.string().nullish(), finished_at: z.string().nullish() })
    .nullish(),
  approvals: z.array(Approval).nullish(),
});
type Deployment = z.infer<typeof Deployment>;

/** A deployment's start and end: the API has its last status alone, and the times of its job. */
function* ofDeployment(origin: Origin, one: Deployment): Generator<Item> {
  const { project } = origin;
  const common = {
    deployment_id: one.id,
    environment: one.environment.name,
    ref: one.ref,
    commit_url: `${project.web_url}/-/commit/${one.sha}`,
    user: one.user,
    ...(one.deployable == null
      ? {}
      : {
          deployable_id: one.deployable.id,
          deployable_url: `${project.web_url}/-/jobs/${one.deployable.id}`,
        }),
  };
  const started = one.deployable?.started_at ?? one.created_at;
  if (one.status !== "created" && one.status !== "blocked" && one.status !== "skipped")
    yield* asHook(origin, "Deployment Hook", { ...common, status: "running", status_changed_at: started });
  if (one.status !== "running")
    yield* asHook(origin, "Deployment Hook", {
      ...common,
      status: one.status,
      status_changed_at: one.deployable?.finished_at ?? one.updated_at,
    });
  for (const [n, approval] of (one.approvals ?? []).entries()) yield* ofApproval(origin, one, approval, n);
}

/** An approval of a deployment. It has no number of its own: it is known by its place in the list, and not by the person. */
function* ofApproval(
  { project }: Origin,
  { id, created_at }: Deployment,
  { user: approver, status: verdict, created_at: approvedAt }: z.infer<typeof Approval>,
  n: number,
): Generator<Item> {
  const at = approvedAt ?? created_at;
  const instance = new URL(project.web_url).host;
  yield {
    is: "statement",
    statement: {
      kind: "evidence.attached",
      source: importSource("gitlab", `${instance}/${project.path_with_namespace}`),
      id: `approval/${id}/${n}/${verdict}/${at}`,
      occurredAt: at,
      deployment: { provider: "gitlab", instance, id: String(id) },
      type: "approval",
      verdict,
      ...(approver == null ? {} : { by: approver.username }),
    },
  };
}

async function* deployments(origin: Origin): AsyncGenerator<Item> {
  const { api, project, since } = origin;
  const found = await api.Deployments.all(project.id, {
    orderBy: "updated_at",
    sort: "asc",
    perPage: PAGE,
    ...(since === undefined ? {} : { updatedAfter: since }),
  });
  for (const one of z.array(Deployment).parse(found)) yield* ofDeployment(origin, one);
}

// --- merge requests ---------------------------------------------------------------------------------------

const MergeRequest = z.looseObject({
  iid: z.int(),
  title: z.string(),
  sha: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  squash_commit_sha: z.string().nullish(),
  merged_at: z.string().nullish(),
  web_url: z.string(),
  author: user,
  merge_user: user,
  merged_by: user,
});
const Approvals = z.looseObject({
  approved_by: z.array(z.looseObject({ user, approved_at: z.string().nullish() })).nullish(),
});

async function* change(origin: Origin, one: z.infer<typeof MergeRequest>): AsyncGenerator<Item> {
  const { api, project } = origin;
  const attributes = {
    iid: one.iid,
    title: one.title,
    author_id: one.author?.id,
    merge_commit_sha: one.merge_commit_sha,
    squash_commit_sha: one.squash_commit_sha,
    last_commit: one.sha == null ? null : { id: one.sha },
    url: one.web_url,
  };
  yield* asHook(origin, "Merge Request Hook", {
    object_attributes: { ...attributes, action: "merge", updated_at: one.merged_at },
    user: one.merge_user ?? one.merged_by,
    assignees: one.author == null ? [] : [one.author],
  });
  const approvals = await api.MergeRequestApprovals.showConfiguration(project.id, {
    mergerequestIId: one.iid,
  });
  for (const { user: approver, approved_at } of Approvals.parse(approvals).approved_by ?? [])
    yield* asHook(origin, "Merge Request Hook", {
      object_attributes: { ...attributes, action: "approved", updated_at: approved_at ?? undefined },
      user: approver,
    });
}

async function* changes(origin: Origin): AsyncGenerator<Item> {
  const { api, project, since } = origin;
  const found = await api.MergeRequests.all({
    projectId: project.id,
    state: "merged",
    perPage: PAGE,
    ...(since === undefined ? {} : { updatedAfter: since }),
  });
  for (const one of z.array(MergeRequest).parse(found)) yield* change(origin, one);
}

// --- images -----------------------------------------------------------------------------------------------

const Tag = z.looseObject({
  name: z.string(),
  location: z.string(),
  digest: digestForm.nullish(),
  created_at: z.string().nullish(),
});

async function* images(origin: Origin): AsyncGenerator<Item> {
  const { api, project } = origin;
  const host = new URL(project.web_url).host;
  const repositories = await api.ContainerRegistry.allRepositories({ projectId: project.id, perPage: PAGE });
  for (const { id, location } of z
    .array(z.looseObject({ id: z.int(), location: z.string() }))
    .parse(repositories)) {
    const tags = await api.ContainerRegistry.allTags(project.id, id, { perPage: PAGE });
    for (const { name } of z.array(z.looseObject({ name: z.string() })).parse(tags)) {
      const tag = Tag.parse(await api.ContainerRegistry.showTag(project.id, id, name));
      if (tag.digest == null || tag.created_at == null) {
        yield unknown("a tag of the registry without its digest or time", tag.location);
        continue;
      }
      const at = new Date(tag.created_at).toISOString();
      yield {
        is: "statement",
        statement: {
          kind: "artifact.pushed",
          source: importSource("gitlab", `${host}/${project.path_with_namespace}`),
          id: `pushed/${hashOf(location, name, tag.digest).slice(0, 32)}`,
          occurredAt: at,
          timeFrom: "created",
          repository: location.toLowerCase(),
          tag: name,
          digest: tag.digest,
        },
      };
    }
  }
}

const READERS: Readonly<Record<What, (origin: Origin) => AsyncGenerator<Item>>> = {
  deployments,
  changes,
  images,
};

const statusOf = (error: unknown): number | undefined =>
  error instanceof GitbeakerRequestError ? error.cause?.response.status : undefined;

function asCliError(error: unknown, what: string): unknown {
  const status = statusOf(error);
  if (status === undefined) return error;
  const hint = status === 401 ? "set GITLAB_TOKEN" : "the token may not read it, or there is none";
  return new CliError(`GitLab answered ${status} for ${what}: ${hint}`);
}

async function* reading(what: What, origin: Origin): AsyncGenerator<Item> {
  const { path_with_namespace: name } = origin.project;
  try {
    yield* READERS[what](origin);
  } catch (error) {
    const status = statusOf(error);
    if (status !== 403 && status !== 404) throw asCliError(error, `${what} of ${name}`);
    yield unknown(`${what}, which the token may not read (${status})`, name);
  }
}

export const gitlab: Importer = {
  name: "gitlab",
  summary: "GitLab's deployments, merge requests and registry tags",
  help: `
Examples:
  GITLAB_TOKEN=… asof import gitlab acme/billing --since 2025-11-01 --dry-run
  asof import gitlab acme/billing --gitlab-url https://gitlab.example.org

Deployments with their approvals, merged merge requests with theirs, mapped as the webhooks are, and the tags of the
container registry. The token (GITLAB_TOKEN) needs the scope read_api; what it may not read is named at the end.`,
  options: (command) =>
    command
      .argument("<projects...>", "like acme/billing")
      .option(
        "--gitlab-url <url>",
        "a self-managed GitLab (default: $CI_SERVER_URL, else https://gitlab.com)",
      )
      .addOption(new Option("--only <what>", "only these").choices(WHAT)),
  async *items(given, { env, now }) {
    const { args, gitlabUrl, only, since } = Options.parse(given);
    const url = endpoint.safeParse(gitlabUrl ?? env.CI_SERVER_URL ?? "https://gitlab.com");
    if (!url.success)
      throw new CliError("--gitlab-url: must be an https URL, like https://gitlab.example.org");
    const api = new Gitlab({ host: url.data, token: env.GITLAB_TOKEN ?? "" });
    for (const name of args) {
      const project = await api.Projects.show(name).catch((error: unknown) => {
        throw asCliError(error, name);
      });
      const origin: Origin = {
        api,
        project: Project.parse(project),
        since: since === undefined ? undefined : `${since}T00:00:00Z`,
        now: now().toISOString(),
      };
      for (const what of only === undefined ? WHAT : [only]) yield* reading(what, origin);
    }
    if (only === undefined || only === "deployments")
      yield unknown("which images deployments had, and statuses before their last one");
  },
};
