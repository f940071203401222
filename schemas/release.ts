/**
 * The release: the answer to what ran. Unknown is not nothing: "no fact before then", "it runs but its digest
 * cannot be resolved", "removed" and "a name never heard of" are four different answers, and candidates are
 * named, never guessed.
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

/** Every answer says which moment it is about, what knowledge it rests on, and whether it may still change. */
export const moment = {
  at: time.meta({ description: "the moment asked about" }),
  knownAt: time.meta({ description: "only facts recorded by then count" }),
  settled: z
    .boolean()
    .meta({ description: "false while facts may still arrive that were recorded by knownAt" }),
};

export const WARNINGS = [
  "two_clusters",
  "commit_mismatch",
  "commit_tie",
  "digest_unresolved",
  "image_not_pullable",
  "migration_failed",
] as const;
const warning = z.strictObject({ code: z.enum(WARNINGS), message: z.string() });
export type Warning = z.infer<typeof warning>;

const candidate = z.strictObject({
  digest,
  repository: imageRepository.exactOptional(),
  by: z.enum(["digest", "tag", "commit", "task"]).meta({ description: "the link that named it" }),
});
export type Candidate = z.infer<typeof candidate>;

export const knownCommit = z.strictObject({
  repository: url.exactOptional(),
  sha,
  ref: z.string().exactOptional(),
  evidence: z.enum([...EVIDENCE, "deployment"]).meta({
    description: "how the link from digest to commit is known; `deployment`: only the deployer names it",
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
  image: z.string().nullable().meta({ description: "repository@digest: what to deploy again" }),
  digest: digest
    .nullable()
    .meta({ description: "the digest that can be pulled: the index where it is known" }),
  reported: digest
    .exactOptional()
    .meta({ description: "the digest that was reported, where it is another one" }),
  repository: imageRepository.nullable().meta({
    description: "where it can be pulled: as everywhere in this answer under the name that it has now",
  }),
  tags: z.array(tag).meta({ description: "tags that pushes gave this digest in this repository by then" }),
  resolvedBy: z.enum(["digest", "task", "tag", "commit", "none"]),
  candidates: z.array(candidate),
  commit: knownCommit.nullable(),
  commitCandidates: z.array(knownCommit).meta({ description: "equally strong evidence that disagrees" }),
  build: z.strictObject({ url }).nullable(),
  pushedAt: time.nullable(),
  availability: Availability,
  heldBy: z
    .array(z.strictObject({ repository: imageRepository, availability: Availability }))
    .meta({ description: "every repository that was given this digest" }),
  rebuild: z
    .strictObject({ repository: url.exactOptional(), sha, url: url.exactOptional() })
    .exactOptional()
    .meta({ description: "how to make it again, where it is no longer available" }),
});
export type ReleasedComponent = z.infer<typeof releasedComponent>;

const appliedMigration = z.strictObject({
  database: name,
  status: z
    .enum(["known", "empty", "unknown"])
    .meta({ description: "empty: nothing is applied; unknown: no fact says" }),
  version: z.string().nullable(),
  appliedAt: time.exactOptional(),
  appliedBetween: z
    .strictObject({ after: time.nullable(), before: time })
    .exactOptional()
    .meta({ description: "where only snapshots show it" }),
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
    until: time.nullable().meta({ description: "when the next release took over, or null" }),
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
      .meta({ description: "a deployment that had started and not ended" }),
    drift: z
      .strictObject({
        observedAt: time,
        claimed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
        observed: z.array(z.strictObject({ component: name, digest: digest.nullable() })),
      })
      .nullable()
      .meta({ description: "the runtime shows something else than the newest deployment said" }),
    warnings: z.array(warning),
    facts: z.array(identity).meta({ description: "what this answer rests on" }),
  })
  .meta({ id: "Release" });
export type Release = z.infer<typeof Release>;
