/** What is answered beside the release, and how problems and outcomes are told. */
import * as z from "zod";
import {
  Availability,
  configuration,
  deploymentId,
  identity,
  knownCommit,
  moment,
  Release,
} from "./release.ts";
import {
  digest,
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
  url,
} from "./scalars.ts";

export * from "./problem.ts";
export * from "./release.ts";

export const Snapshot = z
  .strictObject({
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
        silentSince: time.nullable().meta({ description: "when its newest fact happened" }),
      }),
    ),
    next: z.string().nullable().meta({ description: "pass as `cursor`; a page may be short and have one" }),
  })
  .meta({ id: "Environments" });
export type Environments = z.infer<typeof Environments>;

const timelineEntry = z.strictObject({
  at: time,
  since: time.exactOptional().meta({ description: "of a `running` entry: since when" }),
  what: z.enum([
    "running",
    "started",
    "deployed",
    "failed",
    "removed",
    "observed",
    "migrated",
    "reverted",
    "migration failed",
    "frozen",
    "unfrozen",
    "redeployment requested",
    "redeployment ended",
  ]),
  service: name.nullable(),
  components: z
    .array(
      z.strictObject({
        component: name,
        variant: name.exactOptional(),
        weight: z.number().exactOptional(),
        repository: imageRepository.exactOptional(),
        digest: digest.exactOptional(),
        tag: tag.exactOptional(),
      }),
    )
    .exactOptional(),
  database: name.exactOptional(),
  version: z.string().exactOptional(),
  appliedAt: time
    .exactOptional()
    .meta({ description: "of a migration that a snapshot shows: when it says so" }),
  between: z
    .strictObject({ after: time, before: time })
    .exactOptional()
    .meta({ description: "of a migration that only two snapshots show" }),
  deployment: deploymentId.exactOptional(),
  commit: sha.exactOptional(),
  rollback: z.boolean().exactOptional(),
  redeployment: z
    .strictObject({ id, outcome: z.enum(["succeeded", "failed"]).exactOptional() })
    .exactOptional()
    .meta({ description: "that was requested, that this deployment carries out, or whose end was said" }),
  reason: z.string().exactOptional(),
  by: shownPerson.nullable(),
  url: url.nullable(),
  fact: identity,
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

export const Timeline = z
  .strictObject({
    environment: name,
    service: name.exactOptional(),
    from: time,
    to: time,
    knownAt: time,
    settled: z.boolean(),
    entries: z.array(timelineEntry).meta({
      description: "`running` entries come first, by service: what already ran at `from`; then what happened",
    }),
    next: z.string().nullable().meta({ description: "pass as `cursor`; a page may be short and have one" }),
  })
  .meta({ id: "Timeline" });
export type Timeline = z.infer<typeof Timeline>;

const side = z.strictObject({ environment: name, at: time });
const shownImage = z
  .strictObject({ image: z.string().nullable(), digest: digest.nullable(), commit: sha.nullable() })
  .nullable()
  .meta({ description: "null: no such component there" });
const shownMigration = z
  .strictObject({
    status: z.enum(["known", "empty", "unknown"]),
    version: z.string().nullable().meta({ description: "several heads are joined by commas" }),
  })
  .nullable()
  .meta({ description: "null: no such database there" });
const shownStatus = z.enum(["running", "removed", "unknown", "never heard of"]);
const serviceDifference = z.strictObject({
  service: name,
  status: z.strictObject({ from: shownStatus, to: shownStatus }).exactOptional(),
  components: z
    .array(
      z.strictObject({
        component: name,
        variant: name.exactOptional(),
        from: shownImage,
        to: shownImage,
      }),
    )
    .meta({ description: "another digest or commit, or digests that cannot be told, so not compared" }),
  migrations: z.array(z.strictObject({ database: name, from: shownMigration, to: shownMigration })),
  config: z.strictObject({ from: z.array(configuration), to: z.array(configuration) }).exactOptional(),
});
export type ServiceDifference = z.infer<typeof serviceDifference>;

export const Difference = z
  .strictObject({
    from: side,
    to: side,
    knownAt: time,
    settled: z.boolean(),
    services: z.array(serviceDifference),
    same: z.int().meta({ description: "services of this page without a difference" }),
    next: z.string().nullable().meta({ description: "pass as `cursor`; a page may be short and have one" }),
  })
  .meta({ id: "Difference" });
export type Difference = z.infer<typeof Difference>;

const place = z.strictObject({
  environment: name,
  service: name.nullable().meta({ description: "null where a task names none" }),
  what: z.enum(["started", "deployed", "failed", "removed", "observed"]),
  at: time,
  deployment: deploymentId.exactOptional(),
  fact: identity,
});

export type Place = z.infer<typeof place>;

const attached = z.strictObject({
  type: z.string().meta({ description: "as it was attached; `mark`: a person's verdict here" }),
  verdict: z.string().exactOptional(),
  by: shownPerson.exactOptional(),
  reason: z.string().exactOptional(),
  sha256: hash.exactOptional(),
  at: time,
  url: url.nullable(),
  fact: identity,
});
export type Attached = z.infer<typeof attached>;

export const Artifact = z
  .strictObject({
    ...moment,
    digest,
    pullable: digest.nullable(),
    related: z.array(digest).meta({ description: "index, manifests and configs of the same image" }),
    heldBy: z.array(
      z.strictObject({
        repository: imageRepository,
        availability: Availability,
        pushedAt: time.nullable(),
        tags: z.array(tag),
      }),
    ),
    commit: knownCommit.nullable(),
    commitCandidates: z.array(knownCommit),
    builds: z.array(z.strictObject({ commit: knownCommit, at: time, url: url.nullable(), fact: identity })),
    evidence: z.array(attached).meta({ description: "of any digest of the image, oldest first" }),
    ran: z.array(place).meta({
      description: "where deployments, observations and tasks named any digest of the image, newest first",
    }),
    more: z.boolean().meta({ description: "true where `ran` was cut at its limit" }),
  })
  .meta({ id: "Artifact" });
export type Artifact = z.infer<typeof Artifact>;

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
            description: "where deployments named it, or an image that was built from it, newest first",
          }),
          evidence: z.array(attached),
        }),
      )
      .meta({ description: "more than one where a short id fits several" }),
    more: z.boolean(),
  })
  .meta({ id: "Commit" });
export type CommitAnswer = z.infer<typeof CommitAnswer>;

export const TagAnswer = z
  .strictObject({
    ...moment,
    repository: imageRepository.meta({ description: "by the name that it has now" }),
    tag,
    status: z.enum(["set", "gone", "unknown"]).meta({
      description: "gone: it was deleted, or its manifest was; unknown: no fact by then says",
    }),
    digest: digest.nullable().meta({ description: "what it pointed at then" }),
    since: time.nullable().meta({ description: "since when it was so, as far as `history` reaches back" }),
    history: z
      .array(
        z.strictObject({
          at: time,
          what: z.enum(["pushed", "deleted", "restored"]),
          digest: digest.nullable(),
          fact: identity,
        }),
      )
      .meta({ description: "its moves by then, newest first" }),
    more: z.boolean(),
  })
  .meta({ id: "Tag" });
export type TagAnswer = z.infer<typeof TagAnswer>;

export const Sources = z
  .strictObject({
    knownAt: time,
    sources: z.array(
      z.strictObject({
        source,
        lastRecordedAt: time.meta({ description: "when the ledger last took a fact of it" }),
        facts: z
          .strictObject({ today: z.int(), week: z.int() })
          .meta({ description: "recorded this UTC day and in the last seven" }),
      }),
    ),
    keptAside: z.strictObject({
      where: z.string().meta({ description: "where an operator finds it" }),
      count: z.int().nullable().meta({ description: "null where this door cannot count it" }),
      newest: z.array(
        z.strictObject({
          at: time,
          why: z.enum(["conflict", "rejected", "malformed"]),
          reason: z.string(),
          door: z.string(),
          file: z.string(),
        }),
      ),
    }),
    ignored: z.record(z.string(), z.int()).nullable().meta({
      description:
        "null where this door cannot count them; events known and not needed, by reason, since this process started",
    }),
    next: z.string().nullable(),
  })
  .meta({ id: "Sources" });
export type Sources = z.infer<typeof Sources>;

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
      }),
    ),
  })
  .meta({ id: "Outcomes" });
export type Outcomes = z.infer<typeof Outcomes>;
