/** Answers other than releases and timelines: snapshots, diffs, artifacts, commits, tags, sources, outcomes. */

import * as z from "zod";
import {
  attached,
  deploymentId,
  heldBy,
  identity,
  knownCommit,
  moment,
  Release,
  warning,
} from "./answers/release.ts";
import { renamed } from "./renamed-name.ts";
import {
  digest,
  EVIDENCE,
  hash,
  imageRepository,
  name,
  sha,
  shownPerson,
  tag,
  time,
  url,
} from "./scalars.ts";

export * from "./answers/difference.ts";
export * from "./answers/drift.ts";
export * from "./answers/release.ts";
export * from "./answers/sources.ts";
export * from "./answers/timeline.ts";
export * from "./problem.ts";

export const Snapshot = z
  .strictObject({
    renamed,
    environment: name.exactOptional(),
    group: name.exactOptional(),
    ...moment,
    releases: z.array(Release),
    next: z.string().nullable().meta({ description: "pass as `cursor` for the next page" }),
  })
  .meta({ id: "Snapshot" });
export type Snapshot = z.infer<typeof Snapshot>;

export const Environments = z
  .strictObject({
    ...moment,
    environments: z.array(
      z.strictObject({
        environment: name,
        running: z.int().meta({ description: "services with something running" }),
        services: z.int(),
        silentSince: time.nullable().meta({ description: "`occurredAt` of its newest fact" }),
        groups: z.array(name).exactOptional().meta({
          description: "that the newest facts of its running services put it into; absent if there are none",
        }),
      }),
    ),
    next: z
      .string()
      .nullable()
      .meta({ description: "pass as `cursor` for the next page; a short page may have one, too" }),
  })
  .meta({ id: "Environments" });
export type Environments = z.infer<typeof Environments>;

export const Services = z
  .strictObject({
    renamed,
    environment: name.exactOptional(),
    ...moment,
    services: z.array(
      z.strictObject({
        service: name,
        environments: z.array(name).meta({ description: "where it is known, by name" }),
        owner: z.string().nullable(),
        contact: z.string().nullable(),
        repository: url.nullable(),
        images: z.array(imageRepository),
        databases: z.array(name).meta({ description: "as described" }),
        deployTool: z.string().nullable(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "Services" });
export type Services = z.infer<typeof Services>;

const place = z.strictObject({
  environment: name,
  service: name.nullable().meta({ description: "null if a task names no service" }),
  what: z.enum(["started", "deployed", "failed", "removed", "observed"]),
  at: time,
  until: time.nullable().exactOptional().meta({
    description:
      "the releases show the image from `at` until then; null: to this day. Absent: the fact names the image, and no release shows that it ran from then on",
  }),
  deployment: deploymentId.exactOptional(),
  fact: identity,
});

export type Place = z.infer<typeof place>;

export const Artifact = z
  .strictObject({
    ...moment,
    digest,
    pullable: digest.nullable(),
    related: z.array(digest).meta({ description: "index, manifests and configs of the same image" }),
    heldBy: z.array(
      heldBy.extend({
        pushedAt: time.nullable().meta({ description: "null if it was only copied there" }),
        tags: z.array(tag).meta({ description: "that name this image there at that moment" }),
      }),
    ),
    commit: knownCommit.nullable(),
    commitCandidates: z.array(knownCommit),
    builds: z.array(z.strictObject({ commit: knownCommit, at: time, url: url.nullable(), fact: identity })),
    evidence: z.array(attached).meta({ description: "for any digest of the image, oldest first" }),
    ran: z.array(place).meta({
      description:
        "where releases show the image, and where deployments, observations and tasks name one of its digests, newest first",
    }),
    more: z.boolean().meta({ description: "true if `ran` was cut at its limit" }),
    warnings: z
      .array(warning)
      .exactOptional()
      .meta({ description: "of facts about the image that somebody disputes; absent if there are none" }),
  })
  .meta({ id: "Artifact" });
export type Artifact = z.infer<typeof Artifact>;

const approval = attached.extend({
  commit: sha.nullable().meta({ description: "the commit that it was given to" }),
  isLast: z.boolean().nullable().meta({
    description: "false: it was given before the last push to the change; null: it names no commit",
  }),
  bot: z.literal(true).exactOptional(),
  separation: z.enum(["separated", "not comparable", "not separated"]).exactOptional().meta({
    description: "whether this one is by somebody other than the authors; absent: it is by a bot",
  }),
});
export type Approval = z.infer<typeof approval>;

export const mergedChange = z.strictObject({
  repository: url,
  number: z.int(),
  title: z.string(),
  authors: z.array(shownPerson).meta({ description: "co-authors, too; empty: the sender does not know" }),
  mergedBy: shownPerson.nullable(),
  bots: z.array(shownPerson).exactOptional().meta({ description: "those of them that are no humans" }),
  head: sha.meta({ description: "the last commit of the change itself" }),
  mergeCommit: sha,
  ticket: z.string().nullable(),
  at: time,
  url: url.nullable(),
  fact: identity,
  approvals: z.array(approval).meta({
    description: "reviews that name the change, and verdicts of persons about its head, oldest first",
  }),
  separation: z.enum(["separated", "not separated", "not comparable", "no approval"]).meta({
    description:
      "whether somebody other than the authors approved it; not comparable: persons of two issuers, or erased, or unknown",
  }),
});
export type MergedChange = z.infer<typeof mergedChange>;

export const CommitAnswer = z
  .strictObject({
    ...moment,
    sha,
    commits: z
      .array(
        z.strictObject({
          sha,
          repositories: z.array(url),
          artifacts: z.array(
            z.strictObject({
              digest,
              repository: imageRepository.exactOptional(),
              evidence: z.enum(EVIDENCE),
              at: time,
              url: url.nullable(),
              fact: identity,
            }),
          ),
          ran: z.array(place).meta({
            description:
              "where releases show an image of the commit, and where deployments name it or the commit, newest first",
          }),
          changed: z
            .array(
              z.strictObject({
                environment: name,
                service: name,
                at: time,
                what: z.array(z.enum(["images", "configuration"])),
                fact: identity,
              }),
            )
            .exactOptional()
            .meta({
              description:
                "where it was deployed as configuration, newest first: the services whose images or configuration differ since",
            }),
          evidence: z.array(attached),
          changes: z
            .array(mergedChange)
            .exactOptional()
            .meta({ description: "pull and merge requests whose merge commit or head it is, oldest first" }),
        }),
      )
      .meta({ description: "more than one if a short id matches several commits" }),
    more: z.boolean(),
    warnings: z
      .array(warning)
      .exactOptional()
      .meta({ description: "of facts that it rests on and somebody disputes; absent if there are none" }),
  })
  .meta({ id: "Commit" });
export type CommitAnswer = z.infer<typeof CommitAnswer>;

export const TagAnswer = z
  .strictObject({
    ...moment,
    repository: imageRepository.meta({ description: "under its current name" }),
    tag,
    status: z.enum(["set", "gone", "unknown"]).meta({
      description: "gone: the tag or its manifest was deleted; unknown: no fact by then names the tag",
    }),
    digest: digest.nullable().meta({ description: "the digest that the tag pointed at then" }),
    archived: z
      .literal(true)
      .exactOptional()
      .meta({ description: "the registry has archived it: it cannot be pulled before it is restored" }),
    since: time.nullable().meta({ description: "the start of this state, as far back as `history` reaches" }),
    history: z
      .array(
        z.strictObject({
          at: time,
          what: z.enum(["pushed", "deleted", "restored"]),
          digest: digest.nullable(),
          fact: identity,
        }),
      )
      .meta({ description: "the tag's changes by then, newest first" }),
    more: z.boolean(),
    warnings: z
      .array(warning)
      .exactOptional()
      .meta({ description: "of facts that it rests on and somebody disputes; absent if there are none" }),
  })
  .meta({ id: "Tag" });
export type TagAnswer = z.infer<typeof TagAnswer>;

export const Outcomes = z
  .strictObject({
    outcomes: z.array(
      z.strictObject({
        outcome: z.enum(["recorded", "duplicate", "ignored", "conflict", "rejected", "deferred"]),
        source: z.string().exactOptional(),
        id: z.string().exactOptional(),
        kind: z.string().exactOptional(),
        reason: z.string().exactOptional(),
        recordedAt: time.exactOptional(),
        statementHash: hash.exactOptional(),
        leafHash: hash.exactOptional().meta({ description: "the fact's leaf in the sealed log" }),
        requestId: z.string().exactOptional().meta({ description: "whose receipt this is: x-request-id" }),
      }),
    ),
  })
  .meta({ id: "Outcomes" });
export type Outcomes = z.infer<typeof Outcomes>;
