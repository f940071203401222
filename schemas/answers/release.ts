/**
 * The release: the answer to what ran. "No fact before then", "it runs but its digest cannot be resolved", "removed"
 * and "unknown name" are four different answers. Candidates are listed; the ledger never picks one by guessing.
 */

import * as z from "zod";
import { clusterState } from "../cluster-state.ts";
import { component } from "../component.ts";
import { renamed } from "../renamed-name.ts";
import {
  digest,
  ENDINGS,
  EVIDENCE,
  hash,
  id,
  imageRepository,
  name,
  sha,
  shownPerson,
  source,
  tag,
  time,
  trilean,
  url,
  WORKLOADS,
} from "../scalars.ts";

export const identity = z.strictObject({ source, id });

/** What answers about a span of time begin with. */
export const stretch = {
  environment: name,
  service: name.exactOptional(),
  from: time,
  to: time,
  knownAt: time,
  settled: z.boolean(),
};

/** The moment that an answer is about, the facts that it may use, and whether it may still change. */
export const moment = {
  at: time.meta({ description: "the time that the question names" }),
  knownAt: time.meta({ description: "only facts recorded by then count" }),
  settled: z
    .boolean()
    .meta({ description: "false while facts recorded by knownAt may still become visible" }),
};

export const WARNINGS = [
  "two_clusters",
  "commit_mismatch",
  "commit_tie",
  "digest_unresolved",
  "image_not_pullable",
  "migration_failed",
  "clock_skew",
  "tie",
  "tellers_contradict",
  "deployment_failed",
  "rollback_undone",
  "older_build",
  "image_lost",
  "schema_too_new",
  "schema_too_old",
  "disputed",
  "declared_only",
] as const;
export const warning = z.strictObject({ code: z.enum(WARNINGS), message: z.string() });
export type Warning = z.infer<typeof warning>;

export const dispute = z.strictObject({
  by: z.string().meta({ description: "the name of the token that disputes it" }),
  at: time,
  reason: z.string(),
});
export type Dispute = z.infer<typeof dispute>;

const candidate = z.strictObject({
  digest,
  repository: imageRepository.exactOptional(),
  by: z.enum(["digest", "tag", "commit", "task"]).meta({ description: "the link that resolved the digest" }),
});
export type Candidate = z.infer<typeof candidate>;

export const knownCommit = z.strictObject({
  repository: url.exactOptional(),
  sha,
  ref: z.string().exactOptional(),
  evidence: z.enum([...EVIDENCE, "deployment"]).meta({
    description:
      "how the link from digest to commit is known; `deployment`: only the deployer names the commit",
  }),
  verified: z.boolean().exactOptional(),
});
export type KnownCommit = z.infer<typeof knownCommit>;

export const Availability = z.enum(["available", "archived", "deleted", "unknown"]);
export type Availability = z.infer<typeof Availability>;

/** A repository that received an image. */
export const heldBy = z.strictObject({
  repository: imageRepository,
  availability: Availability,
  restore: z
    .array(z.string())
    .exactOptional()
    .meta({ description: "if it is archived there: the commands that restore this very image, where known" }),
  copied: z
    .strictObject({
      by: z.enum(["replication", "cache"]),
      from: imageRepository.exactOptional(),
      at: time,
    })
    .exactOptional()
    .meta({ description: "if the registry copied it from another one: where from, and when" }),
});

const releasedComponent = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  weight: z.number().exactOptional(),
  image: z.string().nullable().meta({ description: "repository@digest to deploy again" }),
  runningSince: time.nullable().exactOptional().meta({
    description:
      "since when this component runs this image, in however many releases; null: unknown, or longer ago than the last 1,000 reports",
  }),
  digest: digest.nullable().meta({ description: "the digest that can be pulled: the index if known" }),
  reported: digest.exactOptional().meta({ description: "the digest that was reported, if it differs" }),
  repository: imageRepository.nullable().meta({
    description: "where it can be pulled, under its current name, as everywhere in this answer",
  }),
  tags: z.array(tag).meta({
    description:
      "tags that pushes gave this digest in this repository by then; if the digest is unknown, the tag that the deployment names",
  }),
  resolvedBy: z.enum(["digest", "task", "tag", "commit", "none"]),
  candidates: z.array(candidate),
  commit: knownCommit.nullable(),
  commitCandidates: z
    .array(knownCommit)
    .meta({ description: "commits with equally strong evidence that disagree" }),
  build: z.strictObject({ url }).nullable(),
  pushedAt: time.nullable(),
  availability: Availability,
  heldBy: z.array(heldBy).meta({ description: "every repository that received this digest" }),
  rebuild: z
    .strictObject({ repository: url.exactOptional(), sha, url: url.exactOptional() })
    .exactOptional()
    .meta({ description: "how to build it again if it is no longer available" }),
});
export type ReleasedComponent = z.infer<typeof releasedComponent>;

const appliedMigration = z.strictObject({
  database: name,
  status: z
    .enum(["known", "empty", "unknown"])
    .meta({ description: "empty: no migration is applied; unknown: no fact reports any" }),
  version: z.string().nullable(),
  appliedAt: time.exactOptional(),
  appliedBetween: z
    .strictObject({ after: time.nullable(), before: time })
    .exactOptional()
    .meta({ description: "if only snapshots show it" }),
  tool: z.string().exactOptional(),
  reversible: trilean.exactOptional(),
  failed: z.strictObject({ version: z.string(), at: time }).exactOptional(),
});
export type AppliedMigration = z.infer<typeof appliedMigration>;

export const deploymentId = z.strictObject({ provider: z.string(), instance: z.string(), id: z.string() });
export const configuration = z.strictObject({
  repository: url.exactOptional(),
  revision: z.string(),
  path: z.string().exactOptional(),
  digest: digest.exactOptional(),
});

export const attached = z.strictObject({
  type: z.string().meta({
    description: "the type of the attached evidence; `mark`: a verdict that a person recorded in this ledger",
  }),
  verdict: z.string().exactOptional(),
  by: shownPerson.exactOptional(),
  bot: z.literal(true).exactOptional().meta({ description: "whoever gave it is no human" }),
  reason: z.string().exactOptional(),
  sha256: hash.exactOptional(),
  at: time,
  url: url.nullable(),
  fact: identity,
});
export type Attached = z.infer<typeof attached>;

export const Release = z
  .strictObject({
    renamed,
    environment: name,
    service: name,
    group: name.nullable(),
    ...moment,
    status: z.enum(["running", "removed", "unknown"]),
    since: time.nullable().meta({
      description: "since when this release runs: these images, with this configuration and these weights",
    }),
    runningSince: time.nullable().exactOptional().meta({
      description: "since when just these images run together; null: unknown, or nothing runs",
    }),
    until: time.nullable().meta({ description: "the start of the next release, or null" }),
    seenAt: time.nullable().exactOptional().meta({
      description:
        "when somebody last looked at what runs: the newest observation that speaks for this moment; null: nobody did",
    }),
    components: z.array(releasedComponent),
    migrations: z.union([z.array(appliedMigration), z.literal("unknown")]),
    config: z.array(configuration),
    cluster: name.nullable(),
    namespace: name.nullable(),
    workload: z.enum(WORKLOADS).exactOptional().meta({
      description: "what runs it in its cluster, as it was last seen; absent: a Deployment, or unknown",
    }),
    clusterState: clusterState.exactOptional().meta({
      description:
        "what its cluster showed beside the images when somebody last looked: ready pods, versions side by side in a rollout, what stands in the way",
    }),
    deployment: deploymentId.nullable(),
    deployedBy: shownPerson.nullable(),
    url: url.nullable(),
    rollback: z.boolean(),
    owner: z.string().nullable(),
    contact: z.string().nullable(),
    attempt: z
      .strictObject({
        deployment: deploymentId,
        status: z.enum(["started", "failed"]),
        startedAt: time.meta({ description: "if nobody reported its start: its end" }),
        by: shownPerson.nullable(),
        url: url.nullable(),
        components: z.array(component).meta({ description: "what it brings, as its deployer reported it" }),
        endedAt: time.exactOptional(),
        outcome: z
          .enum(ENDINGS)
          .exactOptional()
          .meta({ description: "how it ended, if it neither succeeded nor failed" }),
        reason: z.string().exactOptional().meta({ description: "why it ended, in its deployer's words" }),
      })
      .nullable()
      .meta({
        description:
          "a deployment that has started and not ended; or that failed, and may have changed things, until another takes effect. A start is over, too, once a later deployment of the same deployer took effect",
      }),
    drift: z
      .strictObject({
        observedAt: time,
        claimed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
        observed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
      })
      .nullable()
      .meta({ description: "the runtime shows images other than the newest deployment reported" }),
    evidence: z
      .array(attached)
      .meta({ description: "what was attached to its deployments, as approvals; whenever that happened" }),
    warnings: z.array(warning),
    facts: z.array(identity).meta({ description: "the facts that this answer is based on" }),
    sealed: z
      .strictObject({
        size: z.int().meta({ description: "leaves of the newest checkpoint" }),
        facts: z
          .array(identity.extend({ index: z.int() }))
          .meta({ description: "the facts that are sealed under it, each with its place in the log" }),
        unsealed: z.array(identity).meta({ description: "the others: they are sealed within a minute" }),
      })
      .exactOptional()
      .meta({
        description: "with `sealed=true`, where the ledger has a sealed log: which of `facts` are in it",
      }),
    alsoReported: z.array(identity).exactOptional().meta({
      description: "imported facts of the same deployment, which a live sender reports; they decide nothing",
    }),
  })
  .meta({ id: "Release" });
export type Release = z.infer<typeof Release>;
