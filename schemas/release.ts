/**
 * The release: the answer to what ran. "No fact before then", "it runs but its digest cannot be resolved", "removed"
 * and "unknown name" are four different answers. Candidates are listed; the ledger never picks one by guessing.
 */
import * as z from "zod";
import {
  digest,
  EVIDENCE,
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
} from "./scalars.ts";

export const identity = z.strictObject({ source, id });

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
] as const;
const warning = z.strictObject({ code: z.enum(WARNINGS), message: z.string() });
export type Warning = z.infer<typeof warning>;

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

export const Availability = z.enum(["available", "deleted", "unknown"]);
export type Availability = z.infer<typeof Availability>;

const releasedComponent = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  weight: z.number().exactOptional(),
  image: z.string().nullable().meta({ description: "repository@digest to deploy again" }),
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
  heldBy: z
    .array(z.strictObject({ repository: imageRepository, availability: Availability }))
    .meta({ description: "every repository that received this digest" }),
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

export const Release = z
  .strictObject({
    environment: name,
    service: name,
    group: name.nullable(),
    ...moment,
    status: z.enum(["running", "removed", "unknown"]),
    since: time.nullable(),
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
    deployment: deploymentId.nullable(),
    deployedBy: shownPerson.nullable(),
    url: url.nullable(),
    rollback: z.boolean(),
    owner: z.string().nullable(),
    contact: z.string().nullable(),
    attempt: z
      .strictObject({
        deployment: deploymentId,
        startedAt: time,
        by: shownPerson.nullable(),
        url: url.nullable(),
      })
      .nullable()
      .meta({ description: "a deployment that has started and not ended" }),
    drift: z
      .strictObject({
        observedAt: time,
        claimed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
        observed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
      })
      .nullable()
      .meta({ description: "the runtime shows images other than the newest deployment reported" }),
    warnings: z.array(warning),
    facts: z.array(identity).meta({ description: "the facts that this answer is based on" }),
  })
  .meta({ id: "Release" });
export type Release = z.infer<typeof Release>;
