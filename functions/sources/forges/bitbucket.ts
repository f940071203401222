/**
 * Bitbucket Cloud: build statuses of commits, merged pull requests and their reviews. It has no webhook for deployments.
 *
 * Key: `status/<commit>/<status's key>/<state>/<updated_on>`, because a status is overwritten under its key. A second
 * hook (of the repository and of its workspace) thus gives a duplicate. Bitbucket does not promise that
 * `X-Request-UUID` stays the same over retries.
 * Proof: `X-Hub-Signature`, HMAC-SHA256 of the raw body under the hook's secret; required, although Bitbucket omits it
 * for a hook without a secret.
 * Not in the payload (for pull requests see `bitbucket-pull-request.ts`): the environment, the image, the reporter's login. Bodies above 256 KB are never sent.
 * Format: support.atlassian.com, "Event payloads", "Build status created", "Build status updated".
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { firstLink, ignored, mapping, maybeText, present, quoted, rejected, said } from "../payload.ts";
import { byHmac, type Context, type Source, sourceOf } from "../source.ts";
import { isPullRequestEvent, mapPullRequest } from "./bitbucket-pull-request.ts";

export const bitbucket: Source = {
  vendor: "bitbucket",
  verify: (delivery, secrets) => {
    const [, hex] = /^sha256=(.+)$/.exec(delivery.headers.get("x-hub-signature") ?? "") ?? [];
    return hex !== undefined && byHmac(delivery, hex, secrets);
  },
  toStatements,
  covers: [
    {
      name: "Bitbucket Cloud build statuses",
      commit: "evidence for it",
      time: "yes",
      identity: "commit, key, state and time",
      authentication: "`X-Hub-Signature`",
      tried: "published samples",
    },
    {
      name: "Bitbucket Cloud pull requests, reviews",
      commit: "evidence for it, abbreviated",
      time: "yes",
      identity: "number of the pull request and time",
      authentication: "`X-Hub-Signature`",
      tried: "documented shape",
    },
  ],
};

const StatusChanged = z.looseObject({
  repository: z.looseObject({ full_name: z.string().min(1) }),
  commit_status: z.looseObject({
    key: z.string(),
    state: z.string(),
    url: maybeText,
    updated_on: z.string(),
    commit: z.looseObject({ hash: z.string() }).nullish(),
    links: z.looseObject({ commit: z.looseObject({ href: z.string() }).nullish() }).nullish(),
  }),
});
type StatusChanged = z.infer<typeof StatusChanged>;

function toStatements(payload: unknown, { headers }: Context): Mapped[] {
  const event = headers.get("x-event-key");
  if (event === null) return [rejected("the header X-Event-Key is missing", payload)];
  if (isPullRequestEvent(event)) return mapPullRequest(event, payload);
  if (event !== "repo:commit_status_created" && event !== "repo:commit_status_updated") {
    return [ignored(`Bitbucket's event ${quoted(event)} is not recorded`, payload)];
  }
  return mapping(StatusChanged, payload, (change) => [mapStatus(change, payload)]);
}

/** The states that end a build. */
const ENDED = new Set(["SUCCESSFUL", "FAILED", "STOPPED"]);

function mapStatus({ repository, commit_status: status }: StatusChanged, raw: unknown): Mapped {
  if (!ENDED.has(status.state)) return ignored(`a build that is ${quoted(status.state)} has not ended`, raw);
  // Older statuses name their commit only in its URL.
  const commit = status.commit?.hash ?? status.links?.commit?.href.split("/").at(-1);
  if (commit === undefined) return rejected("commit_status.commit.hash: is missing", raw);
  const statement = {
    kind: "evidence.attached" as const,
    source: sourceOf("bitbucket", repository.full_name),
    id: ["status", commit, status.key, status.state, status.updated_on].join("/"),
    occurredAt: status.updated_on,
    commit,
    type: "build",
    verdict: status.state,
    ...present({ url: firstLink(status.url) }),
  };
  return said(statement, raw);
}
