/**
 * Statements and facts. A *statement* is what a source reports. A *fact* is a statement that the ledger recorded, with
 * the fields that only the ledger sets: `recordedAt`, `reportedBy` and the hashes. Facts are never changed or removed.
 */
import * as z from "zod";
import { clusterState } from "./cluster-state.ts";
import { type component, observedComponent } from "./component.ts";
import type { Recording } from "./recording.ts";
import {
  commitment,
  digest,
  EVIDENCE,
  fullSha,
  hash,
  id,
  imageRepository,
  login,
  name,
  prose,
  sha,
  source,
  text,
  time,
  WORKLOADS,
} from "./scalars.ts";
import { GatePolicy } from "./settings/gate-policy.ts";
import {
  artifactLost,
  bots,
  changeRequest,
  claim,
  commit,
  common,
  type configuration,
  type deployedCommit,
  deployment,
  description,
  effect,
  ending,
  incident,
  place,
  platform,
  push,
  redeploymentRequest,
  renaming,
  reviewedChange,
  schemaChange,
  schemaSnapshot,
  someArtifact,
  somethingDeployed,
  somewhere,
  toAnother,
  unambiguous,
} from "./statement-fields.ts";

/** Without components, a deployment changes configuration alone, and the images that run stay. */
const change = { ...claim, components: effect.components.exactOptional() };

const kind = <K extends string, S extends z.core.$ZodLooseShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), ...common, ...shape });

/** Every statement that a source may report. */
export const Statement = z.discriminatedUnion("kind", [
  kind("artifact.pushed", push),
  kind("artifact.deleted", {
    ...artifactLost,
    /** It cannot be pulled, but the registry still has it, with its tags, and can restore it. */
    archived: z.literal(true).exactOptional(),
  })
    .refine(...someArtifact)
    .refine((it) => it.archived === undefined || it.what === "manifest", {
      error: "archived needs what: manifest",
      path: ["archived"],
    }),
  kind("artifact.restored", artifactLost).refine(...someArtifact),
  kind("repository.renamed", {
    from: imageRepository,
    to: imageRepository,
    /** `path`: includes everything below it, as when a registry moves a project. Absent: only this repository. */
    scope: z.enum(["repository", "path"]).exactOptional(),
  }),
  /** A service or an environment has another name. The former one goes on meaning it, until something is renamed to it. */
  kind("service.renamed", renaming).refine(...toAnother),
  kind("environment.renamed", renaming).refine(...toAnother),
  kind("artifact.indexed", {
    digest,
    /** The repository that holds the index. With it, the index stands in for its manifests there alone. */
    repository: imageRepository.exactOptional(),
    manifests: z
      .array(
        z.strictObject({ digest, platform: platform.exactOptional(), configDigest: digest.exactOptional() }),
      )
      .min(1)
      .max(128),
  }),
  kind("artifact.built", {
    digest,
    commit,
    repository: imageRepository.exactOptional(),
    /** The service that the image belongs to: one commit of a monorepo can build images of many services. */
    service: name.exactOptional(),
    evidence: z.enum(EVIDENCE),
    verified: z.boolean().exactOptional(),
    requires: z
      .array(z.strictObject({ database: name, version: text(255) }))
      .max(16)
      .exactOptional(),
  }),
  kind("deployment.started", change)
    .refine(...unambiguous)
    .refine(...somethingDeployed),
  kind("deployment.succeeded", change)
    .refine(...unambiguous)
    .refine(...somethingDeployed),
  kind("deployment.failed", { ...change, ...ending })
    .refine(...unambiguous)
    .refine(...somethingDeployed),
  kind("deployment.removed", {
    ...claim,
    service: name.exactOptional(),
    deployment: deployment.exactOptional(),
    components: effect.components.exactOptional(),
  })
    .refine(...unambiguous)
    .refine((it) => it.scope !== "components" || (it.service !== undefined && it.components !== undefined), {
      error: "a removal of components must name the service and the components",
    }),
  kind("deployment.observed", {
    ...effect,
    deployment: deployment.exactOptional(),
    components: z.array(observedComponent).min(1).max(64),
    /** Since when the runtime has been running just this. It then speaks for the whole time from `since` to `occurredAt`. */
    since: time.exactOptional(),
    /** What runs the service in a cluster, if it is no Deployment. */
    workload: z.enum(WORKLOADS).exactOptional(),
    clusterState: clusterState.exactOptional(),
  })
    .refine(...unambiguous)
    .refine((it) => it.since === undefined || it.since <= it.occurredAt, {
      error: "must not be later than the time of the observation",
      path: ["since"],
    })
    .refine(
      (it) => it.components.every((one) => one.otherDigests === undefined || one.digest !== undefined),
      {
        error: "otherDigests needs a digest",
        path: ["components"],
      },
    ),
  kind("task.observed", { ...place, service: name.exactOptional(), deployment, component: name, digest }),
  kind("migration.applied", schemaChange),
  kind("migration.reverted", schemaChange),
  kind("migration.failed", schemaChange),
  kind("migration.snapshot", schemaSnapshot),
  /** A pull or merge request entered its branch. */
  kind("change.merged", {
    ...changeRequest.shape,
    /** The last commit of the change itself, which reviews are about. */
    head: sha,
    /** The commit in the branch: of a merge, a squash, or the last one of a rebase or fast-forward. */
    mergeCommit: sha,
    /** Everybody who wrote it, co-authors too; empty if the sender does not know. */
    authors: z.array(login).max(64),
    mergedBy: login.exactOptional(),
    bots,
    title: text(1024),
    ticket: text(255).exactOptional(),
  }),
  kind("evidence.attached", {
    commit: fullSha.exactOptional(),
    digest: digest.exactOptional(),
    deployment: deployment.exactOptional(),
    /** The image repository of the digest. With it, the evidence is about the image there alone. */
    repository: imageRepository.exactOptional(),
    /** What it is, and where it counts for one environment or job alone, a slash and its name. */
    type: text(288),
    verdict: text(64).exactOptional(),
    by: login.exactOptional(),
    bots,
    sha256: hash.exactOptional(),
    /** The change that was reviewed, beside its commit or alone. */
    change: reviewedChange.exactOptional(),
  }).refine(
    (it) => {
      const named = [it.commit, it.digest, it.deployment].filter((one) => one !== undefined).length;
      return named === 1 || (named === 0 && it.change !== undefined);
    },
    { error: "must name exactly one of commit, digest, deployment, or a change" },
  ),
  kind("service.described", description),
  /** Something other than a deployment or migration that changes how services behave. */
  kind("change.noted", {
    ...somewhere,
    /** `flag`, `secret`, `infrastructure`, `data`, or a word of the sender's own. */
    type: text(64),
    title: text(512),
  }),
  kind("incident.opened", incident),
  kind("incident.resolved", incident),
  kind("release.marked", {
    digest,
    /** The environments that it counts in; absent: all of them. */
    environments: z.array(name).min(1).max(64).exactOptional(),
    verdict: z.enum(["good", "bad"]),
    reason: prose(1024).exactOptional(),
  }),
  kind("environment.frozen", {
    ...place,
    service: name.exactOptional(),
    /** When it begins, and its last moment. Default: at once, and until it is ended. */
    from: time.exactOptional(),
    until: time.exactOptional(),
    /** Redeployments that operators request are let through. */
    allowRollbacks: z.literal(true).exactOptional(),
    /** Planned maintenance: alerts of the place are silenced while it is in force. */
    silenceAlerts: z.literal(true).exactOptional(),
    reason: prose(1024).exactOptional(),
  }),
  kind("environment.unfrozen", {
    ...place,
    service: name.exactOptional(),
    /** Only this image is let through; the freeze stays. */
    digest: digest.exactOptional(),
    reason: prose(1024).exactOptional(),
  }),
  kind("redeployment.requested", redeploymentRequest),
  kind("redeployment.taken", { ...place, service: name, redeployment: id }),
  kind("redeployment.ended", {
    ...place,
    service: name,
    redeployment: id,
    outcome: z.enum(["succeeded", "failed", "cancelled"]),
    reason: prose(1024).exactOptional(),
  }),
  /** What somebody found who looked into a change after it took effect. The newest review of a change counts. */
  kind("change.reviewed", {
    ...place,
    service: name.exactOptional(),
    target: z.strictObject({ source, id }),
    verdict: z.enum(["accepted", "rejected"]),
    comment: prose(1024),
  }),
  kind("export.made", { from: time, to: time, count: z.int().nonnegative(), sha256: hash }),
  /** The ledger started with another policy of its gate than the last one; an empty one is none. */
  kind("policy.changed", { policy: GatePolicy, sha256: hash }),
  /** A token came, or is gone. With other grants or another end it is another one. */
  kind("token.changed", {
    what: z.enum(["added", "removed"]),
    role: text(32),
    /** The name under which it reports and asks. */
    holder: text(128),
    /** As a token's line has them, one value each: `environments=staging`. */
    grants: z.array(text(2100)).max(512).exactOptional(),
    /** Its last day, UTC. */
    expires: z.iso.date().exactOptional(),
  }),
  kind("person.erased", { person: commitment, reason: prose(1024) }),
  kind("fact.retracted", { target: z.strictObject({ source, id }), reason: prose(1024) }),
  /** A fact is doubted: for a reason, or because another statement (`refused`: its hash) came under its identity. */
  kind("statement.disputed", {
    target: z.strictObject({ source, id }),
    reason: prose(1024).exactOptional(),
    refused: hash.exactOptional(),
  }),
]);
export type Statement = z.infer<typeof Statement>;
export type Kind = Statement["kind"];

/** Every kind of fact, in the order of the schema above. */
export const KINDS: readonly Kind[] = Statement.options.map((option) => option.shape.kind.value);

/** Kinds that only the ledger's own endpoints record; senders may not report them. */
export const OWN_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  "release.marked",
  "environment.frozen",
  "environment.unfrozen",
  "redeployment.requested",
  "redeployment.taken",
  "redeployment.ended",
  "change.reviewed",
  "export.made",
  "policy.changed",
  "token.changed",
  "person.erased",
  "fact.retracted",
  "statement.disputed",
]);

/** What a reading of facts adds to one of them. It is never stored. */
interface AsRead {
  readonly disputed?: FactOf<"statement.disputed">;
}

/** A statement that the ledger recorded. */
export type Fact = Statement & Recording & AsRead;
export type FactOf<K extends Kind> = Extract<Statement, { kind: K }> & Recording & AsRead;
export type StatementOf<K extends Kind> = Extract<Statement, { kind: K }>;

export type Component = z.infer<typeof component>;
export type ObservedComponent = z.infer<typeof observedComponent>;
export type Deployment = z.infer<typeof deployment>;
export type Configuration = z.infer<typeof configuration>;
export type Commit = z.infer<typeof commit>;
export type DeployedCommit = z.infer<typeof deployedCommit>;
export type AboutAnother = FactOf<"fact.retracted" | "statement.disputed">;

/** Whether a fact is about another one, its target: it has effect wherever that one is indexed. */
export const isAboutAnother = (fact: Fact): fact is AboutAnother =>
  fact.kind === "fact.retracted" || fact.kind === "statement.disputed";

/** Kinds that deployers and runtimes report. */
export type Deployed = FactOf<
  | "deployment.started"
  | "deployment.succeeded"
  | "deployment.failed"
  | "deployment.removed"
  | "deployment.observed"
>;
/** What else changed, and incidents. */
export type Noted = FactOf<"change.noted" | "incident.opened" | "incident.resolved">;
/** Kinds that migration tools report. */
export type Migrated = FactOf<
  "migration.applied" | "migration.reverted" | "migration.failed" | "migration.snapshot"
>;
