/**
 * GitLab: deployments, their approvals, environments that were stopped, results of pipelines and jobs, and
 * merge requests with their approvals.
 *
 * Key: see the files of its events. The source is the project: `/webhooks/gitlab/<host>/<group>/<project>`.
 * Proof: the hook's secret token, sent in clear in `X-Gitlab-Token`; or, for a configured secret that begins with
 * `whsec_`, the signature of a signing token (Standard Webhooks: `webhook-signature` over id, time and raw body, at most
 * five minutes old). GitLab also sends the id and time if nothing is signed.
 * Not in the payload: see `gitlab-deployment.ts`, `gitlab-pipeline.ts` and `gitlab-merge-request.ts`.
 * Format: docs.gitlab.com, "Webhooks" and "Webhook events"; standardwebhooks.com.
 */
import { Webhook } from "standardwebhooks";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, quoted, rejected } from "../payload.ts";
import { type Context, type Delivery, isAnyOf, type Source } from "../source.ts";
import { mapDeployment } from "./gitlab-deployment.ts";
import { mapMergeRequest } from "./gitlab-merge-request.ts";
import { mapJob, mapPipeline } from "./gitlab-pipeline.ts";

const identity = "number and time of the change";
const authentication = "`X-Gitlab-Token`, or a signing token";

export const gitlab: Source = {
  vendor: "gitlab",
  verify,
  toStatements,
  covers: [
    {
      name: "GitLab deployments",
      deploy: "yes; approvals",
      commit: "yes",
      time: "yes",
      identity,
      authentication,
      tried: "captured payloads",
    },
    {
      name: "GitLab pipelines, jobs",
      deploy: "stopped environments",
      commit: "evidence for it",
      time: "yes",
      identity: "number of the pipeline or job",
      authentication,
      tried: "published samples, documented shape",
    },
    {
      name: "GitLab merge requests, approvals",
      commit: "evidence for it",
      time: "yes",
      identity: "number of the merge request and time",
      authentication,
      tried: "documented shape",
    },
  ],
};

const isSigningKey = (secret: string): boolean => secret.startsWith("whsec_");

function verify(delivery: Delivery, secrets: readonly string[]): boolean {
  const tokens = secrets.filter((secret) => !isSigningKey(secret));
  return (
    isAnyOf(delivery.headers.get("x-gitlab-token"), tokens) ||
    secrets.filter(isSigningKey).some((key) => isSignedWith(key, delivery))
  );
}

/** The library throws for a wrong signature, and for a key that is not Base64. */
function isSignedWith(key: string, { headers, body }: Delivery): boolean {
  try {
    new Webhook(key).verify(body, Object.fromEntries(headers), { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function toStatements(payload: unknown, context: Context): Mapped[] {
  const event = context.headers.get("x-gitlab-event");
  switch (event) {
    case null:
      return [rejected("the header X-Gitlab-Event is missing", payload)];
    case "Deployment Hook":
      return mapDeployment(payload, context);
    case "Pipeline Hook":
      return mapPipeline(payload, context);
    case "Merge Request Hook":
      return mapMergeRequest(payload, context);
    case "Job Hook":
      return mapJob(payload, context);
    default:
      return [ignored(`GitLab's event ${quoted(event)} is not recorded`, payload)];
  }
}
