/**
 * GitLab's `Deployment Hook`: what a deployment became, and who approved it.
 *
 * Key: `deployment/<id>/<status>/<time>`, `approval/<id>/<status>/<time>`, the time being `status_changed_at`. It
 * belongs to the change and is sent again as it was, so that a second hook (of the project and of its group) and
 * a redelivery say the same thing once; without it an outer tool that sets a deployment to success, failed and
 * success again would say two things under one name. The delivery's `Idempotency-Key` is each hook's own.
 * A job that is run again makes another deployment.
 * Not in the payload: which image was deployed. Of old versions the time, and the deployment's own id, in whose
 * place that of its job stands. The whole commit is only in `commit_url`.
 * Format: docs.gitlab.com, "Webhook events", "Deployment events"; gitlab-org/gitlab, merge request 239337, for
 * `blocked`, `approved` and `rejected`.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
import {
  firstLink,
  ignored,
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

/** What each of GitLab's hooks says of the project it is about. */
export const project = z.looseObject({ path_with_namespace: z.string().min(1), web_url: url });
export const user = z.looseObject({ username: maybeText }).nullish();
const id = z.int().nonnegative();

const Changed = z.looseObject({
  status: z.string(),
  status_changed_at: maybeText,
  deployment_id: id.nullish(),
  deployable_id: id.nullish(),
  deployable_url: maybeText,
  environment: z.string(),
  project,
  short_sha: maybeText,
  commit_url: maybeText,
  ref: maybeText,
  user,
  approver: user,
  approval: z.looseObject({ id }).nullish(),
});
type Changed = z.infer<typeof Changed>;

const KIND_OF_STATUS = new Map([
  ["running", "deployment.started" as const],
  ["success", "deployment.succeeded" as const],
  ["failed", "deployment.failed" as const],
  ["canceled", "deployment.failed" as const],
]);

export const mapDeployment = (payload: unknown, context: Context): Mapped[] =>
  mapping(Changed, payload, (change) => [mapChange(change, payload, context)]);

function mapChange(change: Changed, raw: unknown, { receivedAt }: Context): Mapped {
  const { status, status_changed_at, project } = change;
  const deployment = deploymentOf(change);
  if (deployment === undefined) return rejected("deployment_id: is missing, and so is deployable_id", raw);
  const common = {
    source: sourceOf("gitlab", hostOf(project), project.path_with_namespace),
    deployment,
    ...timeOr(receivedAt, status_changed_at === undefined ? undefined : fromSpaced(status_changed_at)),
  };
  const named = (what: string): string =>
    [what, status, status_changed_at].filter((part) => part !== undefined).join("/");
  if (change.approval != null) {
    const decided = { type: "approval", verdict: status, ...present({ by: change.approver?.username }) };
    return said(
      { kind: "evidence.attached", id: named(`approval/${change.approval.id}`), ...common, ...decided },
      raw,
    );
  }
  const kind = KIND_OF_STATUS.get(status);
  if (kind === undefined)
    return ignored(`the status ${quoted(status)} neither starts nor ends a deployment`, raw);
  return said({ kind, id: named(`deployment/${deployment.id}`), ...common, ...whatOf(change) }, raw);
}

/** GitLab's host, as its pages are reached. */
export const hostOf = (of: z.infer<typeof project>): string => new URL(of.web_url).host;

function deploymentOf({ project, deployment_id, deployable_id }: Changed) {
  const id = deployment_id ?? (deployable_id == null ? undefined : `job/${deployable_id}`);
  return id === undefined ? undefined : { provider: "gitlab", instance: hostOf(project), id: String(id) };
}

function whatOf({ project, environment, commit_url, short_sha, ref, user, deployable_url }: Changed) {
  const sha = /\/commit\/([0-9a-f]{40}|[0-9a-f]{64})$/.exec(commit_url ?? "")?.[1] ?? short_sha;
  return {
    environment,
    service: project.path_with_namespace,
    components: [{ component: "main" }],
    ...(sha === undefined ? {} : { commit: { repository: project.web_url, sha, ...present({ ref }) } }),
    ...present({ actor: user?.username, url: firstLink(deployable_url) }),
  };
}
