/**
 * GitLab's `Deployment Hook`: the status of a deployment, and its approvals.
 *
 * Key: `deployment/<id>/<status>/<time>`, `approval/<id>/<status>/<time>`. The time is `status_changed_at`: it belongs to
 * the change, so a second hook (of the project and of its group) and a redelivery give duplicates. Without it, an
 * external tool that sets a deployment to success, failed and success again would give two statements one key. The
 * delivery's `Idempotency-Key` differs between hooks.
 * A job that runs again makes another deployment.
 * Not in the payload: which image was deployed; in old versions, the time, and the deployment's id, for which the job's
 * id is used. The full commit id is only in `commit_url`.
 * Format: docs.gitlab.com, "Webhook events", "Deployment events"; gitlab-org/gitlab, merge request 239337, for
 * `blocked`, `approved` and `rejected`.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
import {
  endingOf,
  firstLink,
  ignored,
  loginOnly,
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

/** The project, as in each of GitLab's hooks. */
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
    const decided = {
      type: "approval",
      verdict: status,
      ...present({ by: loginOnly(change.approver?.username) }),
    };
    return said(
      { kind: "evidence.attached", id: named(`approval/${change.approval.id}`), ...common, ...decided },
      raw,
    );
  }
  const kind = KIND_OF_STATUS.get(status);
  if (kind === undefined)
    return ignored(`the status ${quoted(status)} neither starts nor ends a deployment`, raw);
  const sequence = change.deployment_id ?? undefined;
  const ending = status === "canceled" ? endingOf(kind, status, "cancelled") : {};
  return said(
    {
      kind,
      id: named(`deployment/${deployment.id}`),
      ...common,
      ...whatOf(change),
      ...ending,
      ...present({ sequence }),
    },
    raw,
  );
}

/** GitLab's host, from the project's web URL. */
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
    ...present({ actor: loginOnly(user?.username), url: firstLink(deployable_url) }),
  };
}
