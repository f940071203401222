/** `asof import github`: deployments, pull requests with their reviews, workflow runs and container images. */
import { Option } from "commander";
import * as z from "zod";
import { github as webhooks } from "../../functions/sources/forges/github.ts";
import { endpoint } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import { asCliError, type GitHubApi, gitHubApi, statusOf } from "./forges/github-api.ts";
import { itemsFrom } from "./forges/mapped.ts";
import { type Importer, type Item, unknown } from "./importer.ts";

const WHAT = ["deployments", "changes", "runs", "images"] as const;
type What = (typeof WHAT)[number];

const Options = z.looseObject({
  args: z.array(z.string()),
  apiUrl: z.string().optional(),
  only: z.enum(WHAT).optional(),
  since: z.string().optional(),
});

const Repository = z.looseObject({
  full_name: z.string(),
  html_url: z.string(),
  owner: z.looseObject({ login: z.string(), type: z.string() }),
});

/** One repository, and where to read it. */
interface Origin {
  readonly api: GitHubApi;
  readonly names: { readonly owner: string; readonly repo: string };
  readonly repository: z.infer<typeof Repository>;
  /** A day; nothing before it is asked for where the API allows that. */
  readonly since: string;
  readonly now: string;
}

const PAGE = 100;

/** The statements of an event, as its webhook would have them. */
function* asEvent(
  { repository, now }: Origin,
  event: string,
  payload: object,
  delivery?: string,
): Generator<Item> {
  const headers = new Headers({
    "x-github-event": event,
    ...(delivery === undefined ? {} : { "x-github-delivery": delivery }),
  });
  const mapped = webhooks.toStatements({ ...payload, repository }, { headers, receivedAt: now });
  yield* itemsFrom(mapped, `${repository.full_name}: ${event}`);
}

async function* deployments(origin: Origin): AsyncGenerator<Item> {
  const { api, names, since } = origin;
  const pages = api.paginate.iterator("GET /repos/{owner}/{repo}/deployments", { ...names, per_page: PAGE });
  for await (const { data } of pages) {
    for (const deployment of data) {
      yield* asEvent(origin, "deployment", { action: "created", deployment });
      const statuses = await api.paginate("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
        ...names,
        deployment_id: deployment.id,
        per_page: PAGE,
      });
      for (const status of statuses)
        yield* asEvent(origin, "deployment_status", { deployment, deployment_status: status });
    }
    // Newest first.
    if (data.every(({ created_at }) => created_at < since)) return;
  }
}

/** A merged pull request and its reviews. The list of them does not say who merged it. */
async function* change(origin: Origin, number: number): AsyncGenerator<Item> {
  const { api, names } = origin;
  const one = { ...names, pull_number: number };
  const { data: pull_request } = await api.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", one);
  yield* asEvent(origin, "pull_request", {
    action: "closed",
    pull_request,
    sender: pull_request.merged_by,
  });
  const reviews = await api.paginate("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
    ...one,
    per_page: PAGE,
  });
  for (const review of reviews) {
    const isDismissed = review.state === "DISMISSED";
    yield* asEvent(origin, "pull_request_review", {
      action: isDismissed ? "dismissed" : "submitted",
      review: { ...review, state: review.state.toLowerCase() },
      pull_request,
      // Who dismissed it, the API does not say.
      sender: isDismissed ? null : review.user,
    });
  }
}

async function* changes(origin: Origin): AsyncGenerator<Item> {
  const { api, names, since } = origin;
  const asked = { ...names, state: "closed", sort: "updated", direction: "desc", per_page: PAGE } as const;
  for await (const { data } of api.paginate.iterator("GET /repos/{owner}/{repo}/pulls", asked)) {
    for (const { number, merged_at } of data) if (merged_at !== null) yield* change(origin, number);
    if (data.every(({ updated_at }) => updated_at < since)) return;
  }
}

async function* runs(origin: Origin): AsyncGenerator<Item> {
  const { api, names, since } = origin;
  const asked = { ...names, per_page: PAGE };
  for await (const { data } of api.paginate.iterator("GET /repos/{owner}/{repo}/actions/runs", asked)) {
    for (const run of data)
      if (run.status === "completed")
        yield* asEvent(origin, "workflow_run", {
          action: "completed",
          workflow_run: run,
          sender: run.triggering_actor,
        });
    if (data.every(({ updated_at }) => updated_at < since)) return;
  }
}

// --- images -----------------------------------------------------------------------------------------------

const Package = z.looseObject({
  name: z.string(),
  html_url: z.string(),
  repository: z.looseObject({ full_name: z.string() }).nullish(),
});
const Version = z.looseObject({
  id: z.int(),
  name: z.string(),
  created_at: z.string(),
  html_url: z.string().optional(),
  metadata: z.looseObject({ container: z.looseObject({ tags: z.array(z.string()) }).optional() }).optional(),
});

/** The address of packages: of an organisation, or of a person. */
const ownerPath = ({ repository: { owner } }: Origin): string =>
  `/${owner.type === "Organization" ? "orgs" : "users"}/${owner.login}/packages`;

/** A version as the event of its package: once for each of its tags. */
function* ofVersion(origin: Origin, one: z.infer<typeof Package>, version: z.infer<typeof Version>) {
  const { owner } = origin.repository;
  const tags = version.metadata?.container?.tags ?? [];
  for (const tag of tags.length === 0 ? [undefined] : tags) {
    const named = tag === undefined ? {} : { tag: { name: tag, digest: version.name } };
    const package_version = {
      version: version.name,
      created_at: version.created_at,
      html_url: version.html_url,
      container_metadata: named,
    };
    const payload = {
      action: "published",
      package: {
        name: one.name,
        namespace: owner.login,
        html_url: one.html_url,
        package_type: "container",
        package_version,
      },
    };
    // A tag may have been given to the version later.
    for (const item of asEvent(origin, "package", payload, `version-${version.id}-${tag ?? ""}`))
      yield item.is === "statement"
        ? { ...item, statement: { ...item.statement, timeFrom: "created" } }
        : item;
  }
}

async function* images(origin: Origin): AsyncGenerator<Item> {
  const { api, repository } = origin;
  const path = ownerPath(origin);
  const asked = { package_type: "container", per_page: PAGE };
  const listed = z.array(Package).parse(await api.paginate(`GET ${path}`, asked));
  for (const one of listed.filter((each) => each.repository?.full_name === repository.full_name)) {
    const versions = `GET ${path}/container/${encodeURIComponent(one.name)}/versions`;
    for await (const { data } of api.paginate.iterator(versions, { per_page: PAGE }))
      for (const version of z.array(Version).parse(data)) yield* ofVersion(origin, one, version);
  }
  yield unknown("the commits of packages' images, and those that were deleted: see asof import oci");
}

const READERS: Readonly<Record<What, (origin: Origin) => AsyncGenerator<Item>>> = {
  deployments,
  changes,
  runs,
  images,
};

/** Reads one kind of thing; what the token may not read, or the installation does not have, is unknown. */
async function* reading(what: What, origin: Origin): AsyncGenerator<Item> {
  try {
    yield* READERS[what](origin);
  } catch (error) {
    const status = statusOf(error);
    if (status !== 403 && status !== 404)
      throw asCliError(error, `${what} of ${origin.repository.full_name}`);
    yield unknown(`${what}, which the token may not read (${status})`, origin.repository.full_name);
  }
}

async function originOf(api: GitHubApi, name: string, since: string, now: string): Promise<Origin> {
  const [owner, repo, ...more] = name.split("/");
  if (!owner || !repo || more.length > 0)
    throw new CliError(`${name}: must be the owner and the repository, like acme/billing`);
  const names = { owner, repo };
  try {
    const { data } = await api.request("GET /repos/{owner}/{repo}", names);
    return { api, names, repository: Repository.parse(data), since, now };
  } catch (error) {
    throw asCliError(error, name);
  }
}

export const github: Importer = {
  name: "github",
  summary: "GitHub's deployments, pull requests, workflow runs and container images",
  help: `
Examples:
  GITHUB_TOKEN=… asof import github acme/billing acme/web --since 2025-11-01 --dry-run
  asof import github acme/billing --api-url https://github.example.org/api/v3

Deployments with their statuses, merged pull requests with their reviews, conclusions of workflow runs, and versions of
container images, mapped as the webhooks are. The token (GITHUB_TOKEN or GH_TOKEN) needs to read deployments, pull requests,
actions and packages; what it may not read is named at the end. Rate limits are waited for.`,
  options: (command) =>
    command
      .argument("<repositories...>", "like acme/billing")
      .option(
        "--api-url <url>",
        "GitHub Enterprise's API (default: $GITHUB_API_URL, else https://api.github.com)",
      )
      .addOption(new Option("--only <what>", "only these").choices(WHAT)),
  async *items(given, io) {
    const { args, apiUrl, only, since = "" } = Options.parse(given);
    const { GITHUB_API_URL, GITHUB_TOKEN, GH_TOKEN } = io.env;
    const url = endpoint.safeParse(apiUrl ?? GITHUB_API_URL ?? "https://api.github.com");
    if (!url.success)
      throw new CliError("--api-url: must be an https URL, like https://github.example.org/api/v3");
    const api = gitHubApi(url.data, GITHUB_TOKEN ?? GH_TOKEN, io);
    for (const name of args) {
      const origin = await originOf(api, name, since, io.now().toISOString());
      for (const what of only === undefined ? WHAT : [only]) yield* reading(what, origin);
    }
    if (only === undefined || only === "deployments")
      yield unknown("which images deployments had whose payload does not say it, and who approved them");
  },
};
