/**
 * GitLab's `Merge Request Hook`: merge requests that were merged, and their approvals.
 *
 * Key: `merge_request/<iid>/merged`, because it is merged once, and `merge_request/<iid>/<action>/<time>` for an
 * approval, which has no id of its own. The time is `updated_at`, which each approval sets.
 * Not in the payload: the author's login, unless the author also acts, reviews or is assigned (`author_id` is a number);
 * co-authors. A fast-forward has no `merge_commit_sha`: the head itself is then in the branch. If it was squashed, too,
 * `squash_commit_sha` is the commit; versions that do not send it leave such a change with its head alone.
 * GitLab sends `approval` and `unapproval` while more approvals are required, else `approved` and `unapproved`.
 * Format: docs.gitlab.com, "Webhook events", "Merge request events".
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  botsOf,
  firstLink,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  said,
  ticketIn,
  timeOr,
  titleOf,
} from "../payload.ts";
import { type Context, sourceOf } from "../source.ts";
import { fromSpaced } from "../times.ts";
import { hostOf, project } from "./gitlab-deployment.ts";

const user = z.looseObject({ id: z.int().nullish(), username: maybeText });

const Changed = z.looseObject({
  object_attributes: z.looseObject({
    iid: z.int().nonnegative(),
    action: maybeText,
    title: z.string(),
    author_id: z.int().nullish(),
    merge_commit_sha: maybeText,
    squash_commit_sha: maybeText,
    last_commit: z.looseObject({ id: z.string() }).nullish(),
    updated_at: maybeText,
    url: maybeText,
  }),
  project,
  user: user.nullish(),
  assignees: z.array(user).nullish(),
  reviewers: z.array(user).nullish(),
});
type Changed = z.infer<typeof Changed>;

const VERDICTS = new Map([
  ["approved", "approved"],
  ["approval", "approved"],
  ["unapproved", "unapproved"],
  ["unapproval", "unapproved"],
]);

export const mapMergeRequest = (payload: unknown, context: Context): Mapped[] =>
  mapping(Changed, payload, (changed) => [mapChanged(changed, payload, context)]);

/** GitLab's own accounts of projects, groups and services; others that are bots look like persons. */
const isBot = (login: string | undefined): boolean =>
  login !== undefined && /^(project|group|service_account)_.*|\[bot\]$/.test(login);

const personOf = (one: z.infer<typeof user> | undefined) => {
  const login = loginOnly(one?.username);
  return { login, isBot: isBot(login) };
};

function mapChanged(changed: Changed, raw: unknown, { receivedAt }: Context): Mapped {
  const { object_attributes: change, project } = changed;
  const { action = "", iid, updated_at, last_commit } = change;
  const verdict = VERDICTS.get(action);
  if (action !== "merge" && verdict === undefined)
    return ignored(`a merge request's ${quoted(action)} neither merges nor approves it`, raw);
  const actor = personOf(changed.user ?? undefined);
  const common = {
    source: sourceOf("gitlab", hostOf(project), project.path_with_namespace),
    id: ["merge_request", iid, ...(action === "merge" ? ["merged"] : [action, updated_at])]
      .filter((part) => part !== undefined)
      .join("/"),
    ...timeOr(receivedAt, updated_at === undefined ? undefined : fromSpaced(updated_at)),
    ...present({ url: firstLink(change.url) }),
  };
  if (verdict !== undefined) {
    const reviewed = {
      change: { repository: project.web_url, number: iid },
      ...present({ commit: last_commit?.id, by: actor.login }),
      ...botsOf(actor),
      type: "merge_request",
      verdict,
    };
    return said({ kind: "evidence.attached", ...common, ...reviewed }, raw);
  }
  const author = authorOf(changed);
  const merged = {
    repository: project.web_url,
    number: iid,
    head: last_commit?.id,
    mergeCommit: change.merge_commit_sha ?? change.squash_commit_sha ?? last_commit?.id,
    authors: [author.login].filter((login) => login !== undefined),
    ...botsOf(author, actor),
    title: titleOf(change.title, `!${iid}`),
    ...present({ ticket: ticketIn(change.title), mergedBy: actor.login, actor: actor.login }),
  };
  return said({ kind: "change.merged", ...common, ...merged }, raw);
}

/** The author among the accounts that the payload names with their logins. */
function authorOf({ object_attributes, user, assignees, reviewers }: Changed) {
  const named = [user, ...(assignees ?? []), ...(reviewers ?? [])];
  const { author_id } = object_attributes;
  const author = author_id == null ? undefined : named.find((one) => one?.id === author_id);
  return personOf(author ?? undefined);
}
