/**
 * GitHub: deployments, evidence about commits, merged pull requests, and container images pushed to its registry.
 *
 * Key: GitHub's own id of a deployment, its status, a run or a review, so that a redelivery by hand and a second hook
 * (organisation and repository) give duplicates; for packages, whose events have no id, a hash of their content. The source is
 * the repository: `/webhooks/github/<host>/<owner>/<repo>`.
 * Proof: `X-Hub-Signature-256`, HMAC-SHA256 of the raw body under the hook's secret; required, although GitHub omits it
 * for a hook without a secret. The hook must send `application/json`, not a form. GitHub does not retry: a person has to
 * redeliver missed events within three days.
 * Not in the payload: see the files of its events, `github-deployment.ts`, `github-evidence.ts`,
 * `github-pull-request.ts` and `github-package.ts`.
 * Format: docs.github.com, "Webhook events and payloads" and "Validating webhook deliveries".
 */
import { verify as verifySignature } from "@octokit/webhooks-methods";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, quoted, rejected } from "../payload.ts";
import type { Context, Delivery, Source } from "../source.ts";
import { mapDeployment, mapDeploymentStatus } from "./github-deployment.ts";
import { mapDeploymentReview, mapWorkflowRun } from "./github-evidence.ts";
import { mapPackage } from "./github-package.ts";
import { mapPullRequest, mapPullRequestReview } from "./github-pull-request.ts";

const signed = "`X-Hub-Signature-256`";
export const github: Source = {
  vendor: "github",
  verify,
  toStatements,
  covers: [
    {
      name: "GitHub deployments",
      deploy: "yes",
      commit: "yes",
      digest: "in `payload`",
      time: "yes",
      identity: "number of the deployment or status",
      authentication: signed,
      tried: "published samples",
    },
    {
      name: "GitHub pull requests, reviews, workflow runs",
      commit: "evidence for it",
      time: "of some the receipt's",
      identity: "number of the pull request, review or run",
      authentication: signed,
      tried: "published samples, documented shape",
    },
    {
      name: "GitHub Packages (GHCR)",
      push: "yes",
      commit: "by labels",
      digest: "yes",
      time: "often the receipt's",
      identity: "delivery",
      authentication: signed,
      tried: "documented shape",
    },
  ],
};

async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = headers.get("x-hub-signature-256");
  if (signature === null || signature === "" || body === "") return false;
  const usable = secrets.filter((secret) => secret !== "");
  return (await Promise.all(usable.map((secret) => verifySignature(secret, body, signature)))).includes(true);
}

function toStatements(payload: unknown, context: Context): Mapped[] {
  const event = context.headers.get("x-github-event");
  switch (event) {
    case null:
      return [rejected("the header X-GitHub-Event is missing", payload)];
    case "deployment":
      return mapDeployment(payload);
    case "deployment_status":
      return mapDeploymentStatus(payload);
    case "workflow_run":
      return mapWorkflowRun(payload);
    case "deployment_review":
      return mapDeploymentReview(payload, context);
    case "pull_request":
      return mapPullRequest(payload, context);
    case "pull_request_review":
      return mapPullRequestReview(payload, context);
    case "package":
    case "registry_package":
      return mapPackage(payload, context);
    default:
      return [ignored(`GitHub's event ${quoted(event)} is not recorded`, payload)];
  }
}
