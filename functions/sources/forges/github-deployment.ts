/**
 * GitHub's `deployment` and `deployment_status`.
 *
 * Key: `deployment/<id>`, `deployment_status/<id>`. A deployment is identified by GitHub's host and its id there.
 * Not in the payload: which image was deployed. The workflow can report it in the free-form `deployment.payload`: an
 * object, or JSON in a string, with any of `service`, `environment`, `component`, `digest`, `tag`, `repository` (the
 * image's) and `image` (`host/path[:tag][@digest]`). With a component, only that component is deployed. `redeployment` is
 * the id of the redeployment that the deployment carries out.
 * Times count in seconds; the ids of statuses grow, and are the `sequence` of what happens in one second.
 * The commit is `deployment.sha`: the commit of an accompanying `workflow_run` may differ.
 * Format: docs.github.com, "Webhook events and payloads"; samples of octokit/webhooks.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
import { type Image, readImage } from "../image.ts";
import {
  firstLink,
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  readJson,
  rejected,
  said,
} from "../payload.ts";
import { sourceOf } from "../source.ts";

const user = z.looseObject({ login: maybeText }).nullish();

const Deployment = z.looseObject({
  id: z.int().nonnegative(),
  sha: z.string(),
  ref: maybeText,
  environment: z.string(),
  transient_environment: z.boolean().nullish(),
  payload: z.unknown().optional(),
  created_at: z.string(),
  creator: user,
});

const Deployed = z.looseObject({
  /** The only action; older installations omit it. */
  action: maybeText.transform((action) => action ?? "created"),
  deployment: Deployment,
  repository: z.looseObject({ full_name: z.string().min(1), html_url: url }),
  sender: user,
  workflow_run: z.looseObject({ html_url: maybeText }).nullish(),
});
type Deployed = z.infer<typeof Deployed>;

const StatusChanged = Deployed.extend({
  deployment_status: z.looseObject({
    id: z.int().nonnegative(),
    state: z.string(),
    environment: maybeText,
    log_url: maybeText,
    target_url: maybeText,
    created_at: z.string(),
    creator: user,
  }),
});
type StatusChanged = z.infer<typeof StatusChanged>;

export const mapDeployment = (payload: unknown): Mapped[] =>
  mapping(Deployed, payload, (event) => [started(event, payload)]);

export const mapDeploymentStatus = (payload: unknown): Mapped[] =>
  mapping(StatusChanged, payload, (event) => [changed(event, payload)]);

function started(event: Deployed, raw: unknown): Mapped {
  const { action, deployment, sender, workflow_run } = event;
  if (action !== "created") return ignored(`the action ${quoted(action)} changes no deployment`, raw);
  return deploymentStatement(event, raw, {
    kind: "deployment.started",
    id: `deployment/${deployment.id}`,
    occurredAt: deployment.created_at,
    environment: deployment.environment,
    actor: sender?.login ?? deployment.creator?.login,
    url: firstLink(workflow_run?.html_url),
  });
}

function changed(event: StatusChanged, raw: unknown): Mapped {
  const { action, deployment, deployment_status: status, sender, workflow_run } = event;
  if (action !== "created") return ignored(`the action ${quoted(action)} changes no deployment`, raw);
  const kind = kindOf(event);
  if (kind === undefined) return ignored(reasonWhyNot(status.state), raw);
  return deploymentStatement(event, raw, {
    kind,
    id: `deployment_status/${status.id}`,
    occurredAt: status.created_at,
    sequence: status.id,
    environment: status.environment ?? deployment.environment,
    actor: sender?.login ?? status.creator?.login,
    url: firstLink(status.log_url, status.target_url, workflow_run?.html_url),
  });
}

type DeploymentKind = `deployment.${"started" | "succeeded" | "failed" | "removed"}`;

const KIND_OF_STATE: ReadonlyMap<string, DeploymentKind> = new Map([
  ["in_progress", "deployment.started"],
  ["success", "deployment.succeeded"],
  ["failure", "deployment.failed"],
  ["error", "deployment.failed"],
]);

/**
 * GitHub sets older deployments to `inactive` by itself; only in a transient environment does it mean a removal, and of
 * what that deployment set alone: actions set every superseded deployment to `inactive`, before or after the newest one.
 */
function kindOf({ deployment, deployment_status: { state } }: StatusChanged): DeploymentKind | undefined {
  if (state === "inactive" && deployment.transient_environment === true) return "deployment.removed";
  return KIND_OF_STATE.get(state);
}

const reasonWhyNot = (state: string): string =>
  state === "inactive"
    ? "an older deployment was superseded"
    : `the state ${quoted(state)} changes nothing yet`;

interface Stated {
  readonly kind: DeploymentKind;
  readonly id: string;
  readonly occurredAt: string;
  readonly sequence?: number;
  readonly environment: string;
  readonly actor: string | undefined;
  readonly url: string | undefined;
}

function deploymentStatement({ deployment, repository }: Deployed, raw: unknown, stated: Stated): Mapped {
  const host = new URL(repository.html_url).host;
  const told = readTold(deployment.payload);
  const image = imageOf(told);
  if (image.is === "fault") return rejected(`deployment.payload: ${image.reason}`, raw);
  const { kind, id, occurredAt, sequence, environment, actor, url } = stated;
  return said(
    {
      kind,
      source: sourceOf("github", host, repository.full_name),
      id,
      occurredAt,
      environment: told.environment ?? environment,
      service: told.service ?? repository.full_name,
      deployment: { provider: "github", instance: host, id: String(deployment.id) },
      components: [{ component: told.component ?? "main", ...image.parts }],
      commit: {
        repository: repository.html_url,
        sha: deployment.sha,
        // If the deployment was made for a commit id, the ref is that id.
        ...present({ ref: deployment.ref === deployment.sha ? undefined : deployment.ref }),
      },
      ...present({ scope: told.component === undefined ? undefined : "components", actor, url }),
      ...present({ redeployment: told.redeployment, sequence }),
    },
    raw,
  );
}

/** The known keys of a deployment's free-form payload. Values may have any type: the ledger's schemas validate them. */
type Told = Partial<Record<(typeof TOLD)[number], unknown>>;
const TOLD = [
  ...["service", "environment", "component", "redeployment"],
  ...["image", "repository", "tag", "digest"],
] as const;

function readTold(payload: unknown): Told {
  const told = typeof payload === "string" ? jsonOrNothing(payload) : payload;
  if (typeof told !== "object" || told === null) return {};
  return Object.fromEntries(
    TOLD.flatMap((key) => {
      const value: unknown = Object.getOwnPropertyDescriptor(told, key)?.value;
      return value === undefined || value === null ? [] : [[key, value]];
    }),
  );
}

/** A payload in a string may be any note; it is used only if it is JSON. */
function jsonOrNothing(text: string): unknown {
  const read = readJson(text);
  return read.is === "json" ? read.value : undefined;
}

type Parts = { is: "parts"; parts: Record<string, unknown> } | { is: "fault"; reason: string };

/** The image from its reference, from its parts, or from both if they agree. */
function imageOf({ image, repository, tag, digest }: Told): Parts {
  const parts = present({ repository, tag, digest });
  if (image === undefined) return { is: "parts", parts };
  const read = typeof image === "string" ? readImage(image) : undefined;
  if (read === undefined) return { is: "fault", reason: "image must be host/path[:tag][@digest]" };
  const disputed = PARTS.find((part) => part in parts && part in read && parts[part] !== read[part]);
  if (disputed !== undefined)
    return { is: "fault", reason: `image and ${disputed} name two different images` };
  return { is: "parts", parts: { ...read, ...parts } };
}
const PARTS = ["repository", "tag", "digest"] as const satisfies (keyof Image)[];
