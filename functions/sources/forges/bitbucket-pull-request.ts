/**
 * Bitbucket Cloud's `pullrequest:*`: pull requests that were merged (`fulfilled`), approvals and requested changes, and
 * their withdrawal.
 *
 * Key: `pullrequest/<id>/merged`; `pullrequest/<id>/<verdict>/<time>`, of the decision, which has no id of its own.
 * Persons are Atlassian's account ids: nicknames are not unique, may change and hold spaces.
 * Not in the payload: full commit ids (it names the first 12 digits); co-authors; the time of a withdrawal in some
 * events, for which `updated_on` of the pull request stands.
 * Format: support.atlassian.com, "Event payloads", "Pull request events".
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { url } from "../../../schemas/scalars.ts";
import {
  botsOf,
  firstLink,
  loginOnly,
  mapping,
  maybeText,
  present,
  said,
  ticketIn,
  titleOf,
} from "../payload.ts";
import { sourceOf } from "../source.ts";

const user = z.looseObject({ account_id: maybeText, uuid: maybeText, type: maybeText }).nullish();
const commit = z.looseObject({ hash: z.string() }).nullish();
const link = z.looseObject({ html: z.looseObject({ href: maybeText }).nullish() }).nullish();

const decision = z.looseObject({ date: maybeText, user }).nullish();

const PullRequestChanged = z.looseObject({
  repository: z.looseObject({
    full_name: z.string().min(1),
    links: z.looseObject({ html: z.looseObject({ href: url }) }),
  }),
  actor: user,
  pullrequest: z.looseObject({
    id: z.int().nonnegative(),
    title: z.string(),
    author: user,
    closed_by: user,
    merge_commit: commit,
    source: z.looseObject({ commit }),
    updated_on: z.string(),
    links: link,
  }),
  approval: decision,
  changes_request: decision,
});
type PullRequestChanged = z.infer<typeof PullRequestChanged>;

/** An account: everything that is not a user is an app or a team's token. */
const personOf = (one: z.infer<typeof user>) => ({
  login: loginOnly(one?.account_id ?? one?.uuid),
  isBot: one?.type !== undefined && one.type !== "user",
});

const VERDICTS = new Map([
  ["pullrequest:approved", "approved"],
  ["pullrequest:unapproved", "unapproved"],
  ["pullrequest:changes_request_created", "changes_requested"],
  ["pullrequest:changes_request_removed", "changes_request_removed"],
]);

/** Whether an event is one of these. */
export const isPullRequestEvent = (event: string): boolean =>
  event === "pullrequest:fulfilled" || VERDICTS.has(event);

export const mapPullRequest = (event: string, payload: unknown): Mapped[] =>
  mapping(PullRequestChanged, payload, (changed) => {
    const verdict = VERDICTS.get(event);
    return [verdict === undefined ? mapMerged(changed, payload) : mapDecision(changed, verdict, payload)];
  });

function commonOf({ repository, pullrequest }: PullRequestChanged) {
  const { id, links } = pullrequest;
  return {
    source: sourceOf("bitbucket", repository.full_name),
    change: { repository: repository.links.html.href, number: id },
    link: present({ url: firstLink(links?.html?.href) }),
  };
}

function mapMerged(changed: PullRequestChanged, raw: unknown): Mapped {
  const { source, change, link } = commonOf(changed);
  const { pullrequest } = changed;
  const author = personOf(pullrequest.author);
  const merger = personOf(pullrequest.closed_by ?? changed.actor);
  const statement = {
    kind: "change.merged" as const,
    source,
    id: `pullrequest/${change.number}/merged`,
    occurredAt: pullrequest.updated_on,
    ...change,
    head: pullrequest.source.commit?.hash,
    mergeCommit: pullrequest.merge_commit?.hash,
    authors: [author.login].filter((login) => login !== undefined),
    ...botsOf(author, merger),
    title: titleOf(pullrequest.title, `#${change.number}`),
    ...present({ ticket: ticketIn(pullrequest.title), mergedBy: merger.login }),
    ...link,
  };
  return said(statement, raw);
}

function mapDecision(changed: PullRequestChanged, verdict: string, raw: unknown): Mapped {
  const { source, change, link } = commonOf(changed);
  const { pullrequest } = changed;
  const decided = changed.approval ?? changed.changes_request;
  const by = personOf(decided?.user ?? changed.actor);
  const occurredAt = decided?.date ?? pullrequest.updated_on;
  const statement = {
    kind: "evidence.attached" as const,
    source,
    id: `pullrequest/${change.number}/${verdict}/${occurredAt}`,
    occurredAt,
    change: { ...change, ...present({ head: pullrequest.source.commit?.hash }) },
    type: "pull_request",
    verdict,
    ...present({ by: by.login }),
    ...botsOf(by),
    ...link,
  };
  return said(statement, raw);
}
