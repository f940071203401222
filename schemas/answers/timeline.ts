/** What happened: timelines, and what changed before a moment. */

import * as z from "zod";
import { component } from "../component.ts";
import { renamed } from "../renamed-name.ts";
import { digest, ENDINGS, id, name, sha, shownPerson, tag, time, trilean, url } from "../scalars.ts";
import { attached, configuration, deploymentId, dispute, identity, stretch } from "./release.ts";

export * from "./delivery.ts";
export * from "./history.ts";

const timelineEntry = z.strictObject({
  at: time,
  since: time
    .exactOptional()
    .meta({ description: "in `running` and `observed` entries: the start of this state" }),
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
    "noted",
    "incident opened",
    "incident resolved",
    "redeployment requested",
    "redeployment ended",
  ]),
  service: name.nullable(),
  components: z.array(component).exactOptional(),
  changesImage: z.boolean().exactOptional().meta({
    description:
      "in `deployed` entries: whether it brought another image than ran before; absent if nobody knows",
  }),
  brings: z
    .array(name)
    .exactOptional()
    .meta({ description: "the components to which it brought another image" }),
  database: name.exactOptional(),
  version: z.string().exactOptional(),
  reversible: trilean
    .exactOptional()
    .meta({ description: "of a migration: whether it can be reverted, as its tool reported" }),
  appliedAt: time.exactOptional().meta({
    description:
      "for a migration known from a snapshot: the time that the snapshot states. The entry stands there, unless an earlier fact contradicts it",
  }),
  between: z
    .strictObject({ after: time, before: time })
    .exactOptional()
    .meta({ description: "for a migration known only from the difference between two snapshots" }),
  deployment: deploymentId.exactOptional(),
  commit: sha.exactOptional().meta({
    description: "the commit that the deployment names, else that of all its images, as far as it is known",
  }),
  committedAt: time.exactOptional(),
  config: z.array(configuration).exactOptional(),
  evidence: z
    .array(attached)
    .exactOptional()
    .meta({ description: "what was attached to the deployment, as approvals; whenever that happened" }),
  rollback: z.boolean().exactOptional(),
  redeployment: z
    .strictObject({ id, outcome: z.enum(["succeeded", "failed", "cancelled"]).exactOptional() })
    .exactOptional()
    .meta({
      description: "the redeployment that was requested, is carried out by this deployment, or ended",
    }),
  outcome: z
    .enum(ENDINGS)
    .exactOptional()
    .meta({ description: "only in `failed` entries: how the deployment ended, if it did not fail" }),
  reason: z.string().exactOptional(),
  type: z.string().exactOptional().meta({ description: "of a change that was noted, or of an incident" }),
  title: z.string().exactOptional(),
  incident: z.string().exactOptional().meta({ description: "the same for an incident's start and end" }),
  by: shownPerson.nullable(),
  url: url.nullable(),
  recordedAt: time
    .exactOptional()
    .meta({ description: "when the ledger recorded it; absent in `running` entries" }),
  fact: identity,
  disputed: dispute.exactOptional().meta({ description: "if somebody says that the fact is wrong" }),
  alsoReported: z
    .array(identity)
    .exactOptional()
    .meta({ description: "imported facts of the same event, which a live sender reports" }),
  declared: z.literal(true).exactOptional().meta({
    description: "it was read from a repository of manifests, which is no proof that it was applied",
  }),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

export const Timeline = z
  .strictObject({
    renamed,
    ...stretch,
    entries: z.array(timelineEntry).meta({
      description:
        "first `running` entries, by service: what already ran at `from`; then changes in order of time",
    }),
    next: z
      .string()
      .nullable()
      .meta({ description: "pass as `cursor` for the next page; a short page may have one, too" }),
  })
  .meta({ id: "Timeline" });
export type Timeline = z.infer<typeof Timeline>;

/** Images as a release shows them. */
const shownImages = z.array(
  z.strictObject({
    component: name,
    variant: name.exactOptional(),
    digest: digest.nullable(),
    tags: z.array(tag),
    commit: sha.nullable(),
  }),
);

const replaced = z
  .strictObject({
    components: shownImages
      .exactOptional()
      .meta({ description: "of a deployment: the images that ran just before it; empty: none did" }),
    config: z.array(configuration).exactOptional(),
    version: z
      .string()
      .nullable()
      .exactOptional()
      .meta({ description: "of a migration: the version of the database just before it; null: empty" }),
  })
  .meta({ description: "what was in effect just before it, of the nearest changes; absent: nobody knows" });

const change = timelineEntry.extend({
  secondsBefore: z.int().meta({ description: "how long before the moment it happened" }),
  relation: z.enum(["service", "database", "owner", "environment"]).meta({
    description:
      "to the service that was asked about: its own change, one of a database that it uses or of a service that shares one, one of a service of the same owner, or one that concerns all of the environment. Without a service: environment",
  }),
  through: z
    .array(z.string())
    .exactOptional()
    .meta({ description: "of a neighbour: the databases that both use, or the owner of both" }),
  replaced: replaced.exactOptional(),
  brought: shownImages
    .exactOptional()
    .meta({ description: "of a deployment that took effect: the images that ran from then on" }),
  undo: z
    .strictObject({ environment: name, service: name, at: time })
    .nullable()
    .meta({ description: "the question of the plan that puts back what ran just before it" }),
});
export type Change = z.infer<typeof change>;

export const Changes = z
  .strictObject({
    renamed,
    environment: name,
    service: name.exactOptional(),
    from: time,
    before: time,
    knownAt: time,
    settled: z.boolean(),
    changes: z.array(change).meta({ description: "nearest first: near in time is a suspect, not the cause" }),
    more: z.boolean().meta({ description: "true if `changes` was cut at its limit" }),
    others: z.int().meta({ description: "changes in this window that nothing connects with the service" }),
  })
  .meta({ id: "Changes" });
export type Changes = z.infer<typeof Changes>;
