/**
 * GitHub's `deployment` and `deployment_status`.
 *
 * Key: `deployment/<id>`, `deployment_status/<id>`. A deployment is identified by GitHub's host and its id there.
 * Not in the payload: which image was deployed. The workflow can report it in the free-form `deployment.payload`: an
 * object, or JSON in a string, with any of `service`, `environment`, `component`, `digest`, `tag`, `repository` (the
 * image's) and `image` (`host/path[:tag][@digest]`); values of another form are left aside. With a component, only that
 * component is deployed. `redeployment` is the id of the redeployment that the deployment carries out.
 * The deployment of a workflow's job is made before the job begins, and may wait for days for an approval: the status
 * `in_progress` starts it. One that a program made by the API has started when it was made, because few report more.
 * Times count in seconds; the ids of statuses grow, and are the `sequence` of what happens in one second.
 * The commit is `deployment.sha`: the commit of an accompanying `workflow_run` may differ.
 * Format: docs.github.com, "Webhook events and payloads"; samples of octokit/webhooks.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  digest,
  type Ending,
  faultsOf,
  id,
  imageRepository,
  name,
  tag,
  url,
} from "../../../schemas/scalars.ts";
import { type Image, readImage } from "../image.ts";
import {
  endingOf,
  firstLink,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  readJson,
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
  check_run: z.looseObject({ conclusion: maybeText }).nullish().catch(undefined),
});
type Deployed = z.infer<typeof Deployed>;

const StatusChanged = Deployed.extend({
  deployment_status: z.looseObject({
    id: z.int().nonnegative(),
    state: z.string(),
    environment: maybeText,
    description: maybeText,
    log_url: maybeText,
    target_url: maybeText,
    created_at: z.string(),
    creator: user,
  }),
});
type StatusChanged = z.infer<typeof StatusChanged>;

export const mapDeployment = (payload: unknown): Mapped[] =>
  mapping(Deployed, payload, (event) => started(event, payload));

export const mapDeploymentStatus = (payload: unknown): Mapped[] =>
  mapping(StatusChanged, payload, (event) => changed(event, payload));

function started(event: Deployed, raw: unknown): Mapped[] {
  const { action, deployment, sender, workflow_run } = event;
  if (action !== "created") return [ignored(`the action ${quoted(action)} changes no deployment`, raw)];
  if (workflow_run != null)
    return [ignored("a workflow's deployment begins with the status in_progress", raw)];
  return deploymentStatement(event, raw, {
    kind: "deployment.started",
    id: `deployment/${deployment.id}`,
    occurredAt: deployment.created_at,
    environment: deployment.environment,
    actor: sender?.login ?? deployment.creator?.login,
    url: undefined,
  });
}

function changed(event: StatusChanged, raw: unknown): Mapped[] {
  const { action, deployment, deployment_status: status, sender, workflow_run } = event;
  const conclusion = event.check_run?.conclusion;
  if (action !== "created") return [ignored(`the action ${quoted(action)} changes no deployment`, raw)];
  const kind = kindOf(event);
  if (kind === undefined) return [ignored(reasonWhyNot(status.state), raw)];
  return deploymentStatement(event, raw, {
    kind,
    id: `deployment_status/${status.id}`,
    occurredAt: status.created_at,
    sequence: status.id,
    environment: status.environment ?? deployment.environment,
    actor: sender?.login ?? status.creator?.login,
    url: firstLink(status.log_url, status.target_url, workflow_run?.html_url),
    ending: endingOf(kind, status.description ?? conclusion, ENDINGS.get(conclusion ?? "")),
  });
}

type DeploymentKind = `deployment.${"started" | "succeeded" | "failed" | "removed"}`;

const KIND_OF_STATE: ReadonlyMap<string, DeploymentKind> = new Map([
  ["in_progress", "deployment.started"],
  ["success", "deployment.succeeded"],
  ["failure", "deployment.failed"],
  ["error", "deployment.failed"],
]);

/** The conclusions of a job that did not fail by itself; `stale`: GitHub gave it up after two weeks. */
const ENDINGS = new Map<string, Ending>([
  ["cancelled", "cancelled"],
  ["stale", "abandoned"],
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
  readonly ending?: Record<string, string>;
}

/** The deployment, and why fields of its payload were ignored. */
function deploymentStatement({ deployment, repository }: Deployed, raw: unknown, stated: Stated): Mapped[] {
  const host = new URL(repository.html_url).host;
  const { fields, faults } = readFields(deployment.payload, host);
  const { parts, disputed } = imageOf(fields);
  const { kind, id, occurredAt, sequence, environment, actor, url, ending } = stated;
  const statement = {
    kind,
    source: sourceOf("github", host, repository.full_name),
    id,
    occurredAt,
    environment: fields.environment ?? environment,
    service: fields.service ?? repository.full_name,
    deployment: { provider: "github", instance: host, id: String(deployment.id) },
    components: [{ component: fields.component ?? "main", ...parts }],
    commit: {
      repository: repository.html_url,
      sha: deployment.sha,
      // If the deployment was made for a commit id, the ref is that id.
      ...present({ ref: deployment.ref === deployment.sha ? undefined : deployment.ref }),
    },
    ...present({ scope: fields.component === undefined ? undefined : "components", url }),
    ...present({ actor: loginOnly(actor), redeployment: fields.redeployment }),
    ...present({ sequence }),
    ...ending,
  };
  const aside = [...faults, ...disputed.map((part) => `image and ${part} name two different images`)];
  return [said(statement, raw), ...aside.map((fault) => ignored(`deployment.payload: ${fault}`, raw))];
}

/**
 * The known fields of a deployment's free-form payload. The payload belongs to whoever deploys, who may mean something
 * else by the same names: a value of another form is ignored, and never refuses the deployment.
 */
const PayloadFields = z.object({
  service: name.exactOptional(),
  environment: name.exactOptional(),
  component: name.exactOptional(),
  redeployment: id.exactOptional(),
  image: z
    .string()
    .refine((image) => isImage(image), { error: "must be host/path[:tag][@digest]" })
    .exactOptional(),
  repository: imageRepository
    .refine((repository) => readImage(repository) !== undefined, { error: "must name its registry's host" })
    .exactOptional(),
  tag: tag.exactOptional(),
  digest: digest.exactOptional(),
});
const isImage = (reference: string): boolean => {
  const read = readImage(reference);
  return read !== undefined && PayloadFields.pick(PARTS).safeParse(read).success;
};
const PARTS = { repository: true, tag: true, digest: true } as const;
type PayloadFields = z.infer<typeof PayloadFields>;

/** @param host GitHub's own, which is no registry: a repository there is one of source code */
function readFields(payload: unknown, host: string): { fields: PayloadFields; faults: readonly string[] } {
  const json = typeof payload === "string" ? jsonOrNothing(payload) : payload;
  if (typeof json !== "object" || json === null) return { fields: {}, faults: [] };
  const given = Object.fromEntries(
    Object.entries(json).filter(
      ([key, value]) => value !== null && !(key === "repository" && String(value).startsWith(`${host}/`)),
    ),
  );
  const parsed = PayloadFields.safeParse(given);
  if (parsed.success) return { fields: parsed.data, faults: [] };
  const foreign = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const rest = Object.fromEntries(Object.entries(given).filter(([key]) => !foreign.has(key)));
  return { fields: PayloadFields.parse(rest), faults: [faultsOf(parsed.error)] };
}

/** A payload in a string may be any note; it is used only if it is JSON. */
function jsonOrNothing(text: string): unknown {
  const read = readJson(text);
  return read.is === "json" ? read.value : undefined;
}

interface Parts {
  readonly parts: Partial<Image>;
  /** What image and its parts say differently. */
  readonly disputed: readonly string[];
}

/**
 * The image from its reference, from its parts, or from both. Where they differ, the reference counts, because only it
 * can mean nothing but an image; of two digests none does.
 */
function imageOf({ image, repository, tag, digest }: PayloadFields): Parts {
  const parts: Partial<Image> = present({ repository, tag, digest });
  const read: Partial<Image> = image === undefined ? {} : (readImage(image) ?? {});
  const disputed = (["repository", "tag", "digest"] as const).filter(
    (part) => parts[part] !== undefined && read[part] !== undefined && parts[part] !== read[part],
  );
  const { digest: agreed, ...others } = { ...parts, ...read };
  return {
    parts: { ...others, ...present({ digest: disputed.includes("digest") ? undefined : agreed }) },
    disputed,
  };
}
