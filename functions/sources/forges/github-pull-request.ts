/**
 * GitHub's `pull_request` (merged) and `pull_request_review`: a change, and the evidence about it.
 *
 * Key: `pull_request/<number>/merged`, because a pull request is merged once; `pull_request_review/<review>/<state>`,
 * because a review may be dismissed later.
 * Not in the payload: co-authors, who are named in commit messages alone; whether a rule was bypassed; the time of a
 * dismissal. `merge_commit_sha` is the merge, the squashed commit or the last rebased one, as the pull request was merged.
 * Format: docs.github.com, "Webhook events and payloads"; schemas of octokit/webhooks.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
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

const user = z.looseObject({ login: maybeText, type: maybeText }).nullish();
const repository = z.looseObject({ full_name: z.string().min(1), html_url: url });
const number = z.int().nonnegative();

const sourceIn = ({ html_url, full_name }: z.infer<typeof repository>): string =>
  sourceOf("github", new URL(html_url).host, full_name);

/** An account as a person: apps end in `[bot]`, and have a type of their own. */
const personOf = (one: z.infer<typeof user>) => {
  const login = loginOnly(one?.login);
  return { login, isBot: one?.type === "Bot" || login?.endsWith("[bot]") === true };
};

const PullRequest = z.looseObject({
  action: z.string(),
  pull_request: z.looseObject({
    number,
    title: z.string(),
    merged: z.boolean().nullish(),
    merged_at: maybeText,
    merge_commit_sha: maybeText,
    head: z.looseObject({ sha: z.string() }),
    user,
    merged_by: user,
    html_url: maybeText,
  }),
  repository,
  sender: user,
});

export const mapPullRequest = (payload: unknown, { receivedAt }: Context): Mapped[] =>
  mapping(PullRequest, payload, ({ action, pull_request: change, repository, sender }) => {
    if (action !== "closed" || change.merged !== true)
      return [ignored(`a pull request's ${quoted(action)} does not merge it`, payload)];
    const [author, merger, actor] = [change.user, change.merged_by, sender].map(personOf);
    const statement = {
      kind: "change.merged" as const,
      source: sourceIn(repository),
      id: `pull_request/${change.number}/merged`,
      ...timeOr(receivedAt, change.merged_at),
      repository: repository.html_url,
      number: change.number,
      head: change.head.sha,
      mergeCommit: change.merge_commit_sha,
      authors: [author?.login].filter((login) => login !== undefined),
      ...botsOf(author, merger, actor),
      title: titleOf(change.title, `#${change.number}`),
      ...present({
        ticket: ticketIn(change.title),
        mergedBy: merger?.login,
        actor: actor?.login,
        url: firstLink(change.html_url),
      }),
    };
    return [said(statement, payload)];
  });

const PullRequestReview = z.looseObject({
  action: z.string(),
  review: z.looseObject({
    id: z.int().nonnegative(),
    commit_id: z.string(),
    state: z.string(),
    submitted_at: maybeText,
    html_url: maybeText,
    user,
  }),
  pull_request: z.looseObject({ number }).nullish(),
  repository,
  sender: user,
});

/** The states that are a decision, with the action that leads to each. */
const DECIDED_BY = new Map([
  ["approved", "submitted"],
  ["changes_requested", "submitted"],
  ["dismissed", "dismissed"],
]);

export const mapPullRequestReview = (payload: unknown, { receivedAt }: Context): Mapped[] =>
  mapping(PullRequestReview, payload, ({ action, review, pull_request: change, repository, sender }) => {
    const { id, commit_id, state, submitted_at, html_url, user } = review;
    if (DECIDED_BY.get(state) !== action) {
      return [ignored(`a review in the state ${quoted(state)}, ${quoted(action)}, decides nothing`, payload)];
    }
    const by = personOf(action === "submitted" ? user : sender);
    const actor = personOf(sender);
    const statement = {
      kind: "evidence.attached" as const,
      source: sourceIn(repository),
      id: `pull_request_review/${id}/${state}`,
      commit: commit_id,
      ...(change == null ? {} : { change: { repository: repository.html_url, number: change.number } }),
      type: "pull_request_review",
      verdict: state,
      // `submitted_at` is not updated when the review is dismissed.
      ...timeOr(receivedAt, action === "submitted" ? submitted_at : undefined),
      ...present({ by: by.login, actor: actor.login, url: firstLink(html_url) }),
      ...botsOf(by, actor),
    };
    return [said(statement, payload)];
  });
