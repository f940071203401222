/** Fields and checks that several kinds of statements share. */
import * as z from "zod";
import { component } from "./component.ts";
import { imageSelectors, isOneTarget, ONE_TARGET } from "./questions/image-query.ts";
import {
  digest,
  ENDINGS,
  fold,
  fullSha,
  hash,
  id,
  imageRepository,
  login,
  name,
  prose,
  sha,
  source,
  tag,
  text,
  time,
  trilean,
  url,
} from "./scalars.ts";

/** What every statement has. */
export const common = {
  source,
  id,
  occurredAt: time,
  /**
   * Where the time comes from if no event has it: the receipt by the ledger, the clock of the sender when it made the
   * statement, or the time that an image says it was made, before which it was not pushed. Such a time does not distinguish
   * two statements under one id.
   */
  timeFrom: z.enum(["receipt", "clock", "created"]).exactOptional(),
  /** The sender's own order (a status id, a revision): it decides between facts of one source and one time. */
  sequence: z.int().nonnegative().exactOptional(),
  actor: login.exactOptional(),
  url: url.exactOptional(),
};

/** Those of the persons named in a statement that its sender knows to be no humans. */
export const bots = z.array(login).max(64).exactOptional();

/** The URL of a source code repository, as its forge shows it. */
export const commit = z.strictObject({
  repository: url,
  sha: fullSha,
  ref: text(256).exactOptional(),
  committedAt: time.exactOptional(),
});

/** A commit as a deployer names it: possibly a short id, possibly without its repository. */
export const deployedCommit = z.strictObject({
  repository: url.exactOptional(),
  sha,
  ref: text(256).exactOptional(),
  committedAt: time.exactOptional(),
});

export const platform = text(64);

/** A pull or merge request: its repository's URL, as its forge shows it, and its number there. */
export const changeRequest = z.strictObject({ repository: url, number: z.int().nonnegative() });

/** A change that evidence is about, and the last commit that it had then, where no field names it in full. */
export const reviewedChange = changeRequest.extend({ head: sha.exactOptional() });

/** A deployment's identity: the deployer, its installation, and the deployment's id there. */
export const deployment = z.strictObject({ provider: text(32), instance: text(200), id: text(256) });

export const configuration = z.strictObject({
  repository: url.exactOptional(),
  revision: text(255),
  path: text(1024).exactOptional(),
  digest: digest.exactOptional(),
});

/** The former name and the new one. */
export const renaming = { from: name, to: name };
export const toAnother = [
  ({ from, to }: { from: string; to: string }) => fold(from) !== fold(to),
  { error: "must not be the former name: names are compared without case" },
] as const;

/** How an attempt ended. Absent outcome: it failed. */
export const ending = {
  outcome: z.enum(ENDINGS).exactOptional(),
  /** Why, in the sender's words. */
  reason: prose(1024).exactOptional(),
};

export const push = {
  digest,
  repository: imageRepository,
  tag: tag.exactOptional(),
  mediaType: text(255).exactOptional(),
  platform: platform.exactOptional(),
  size: z.int().nonnegative().exactOptional(),
  /**
   * The sender named only the tag, and the registry reported the digest when the ledger asked: at receipt, or, if
   * the registry did not answer then, just before `recordedAt`. If the tag moved in between, this is its new digest.
   * Set by the ledger.
   */
  digestFrom: z.literal("registry").exactOptional(),
  /** The registry copied it from another one; it was pushed there, and not here. */
  copied: z
    .strictObject({ by: z.enum(["replication", "cache"]), from: imageRepository.exactOptional() })
    .exactOptional(),
};

export const artifactLost = {
  repository: imageRepository,
  digest: digest.exactOptional(),
  tag: tag.exactOptional(),
  what: z.enum(["manifest", "tag", "unknown"]),
  reason: text(255).exactOptional(),
};

/** Where something happened. Without an environment: everywhere. Without a service: to all services there. */
export const somewhere = {
  environment: name.exactOptional(),
  group: name.exactOptional(),
  service: name.exactOptional(),
};

export const incident = {
  ...somewhere,
  /** The sender's own id of the incident; it connects the end with the start. */
  incident: text(256).exactOptional(),
  type: text(64).exactOptional(),
  title: text(512),
};

/** The target release, what is accepted, and `knownAt`: the same question always has the same plan. */
export const planQuestion = z
  .strictObject({
    at: time.exactOptional(),
    digest: imageSelectors.digest.exactOptional(),
    tag: imageSelectors.tag.exactOptional(),
    version: imageSelectors.version.exactOptional(),
    commit: imageSelectors.commit.exactOptional(),
    last: z.literal("good").exactOptional(),
    knownAt: time,
    schema: z.enum(["keep", "revert"]).exactOptional(),
    config: z.enum(["revert"]).exactOptional(),
    acceptConfiguration: z.literal(true).exactOptional(),
    acceptDataLoss: z.literal(true).exactOptional(),
    acceptSubstitute: z.array(digest).max(64).exactOptional(),
    acceptShared: z.array(name).max(64).exactOptional(),
    revertedElsewhere: z.array(name).max(64).exactOptional(),
  })
  .refine(isOneTarget, ONE_TARGET);
export type PlanQuestion = z.infer<typeof planQuestion>;

export const place = { environment: name, group: name.exactOptional() };

export const schemaChange = {
  ...place,
  database: name,
  version: text(255),
  tool: text(64).exactOptional(),
  description: prose(1024).exactOptional(),
  checksum: text(255).exactOptional(),
  reversible: trilean.exactOptional(),
  oldCodeRuns: trilean.exactOptional(),
  losesData: trilean.exactOptional(),
  commit: deployedCommit.exactOptional(),
  image: digest.exactOptional(),
  service: name.exactOptional(),
};

/** What is applied to a database now. */
export const schemaSnapshot = {
  ...place,
  database: name,
  mode: z.enum(["set", "head"]),
  tool: text(64).exactOptional(),
  image: digest.exactOptional(),
  service: name.exactOptional(),
  versions: z
    .array(
      z.strictObject({
        version: text(255),
        appliedAt: time.exactOptional(),
        checksum: text(255).exactOptional(),
      }),
    )
    .max(1000),
  part: z
    .strictObject({ set: text(128), n: z.int().min(1), of: z.int().min(1).max(1000) })
    .refine((part) => part.n <= part.of, { error: "n must not be above of" })
    .exactOptional(),
};

export const someArtifact = [
  (it: { digest?: string; tag?: string }) => it.digest !== undefined || it.tag !== undefined,
  { error: "must name a digest, a tag, or both" },
] as const;

/** With the same component and variant twice in one deployment, it would be unknown which of them runs. */
export const unambiguous: [
  (it: { components?: readonly { component: string; variant?: string }[] }) => boolean,
  { error: string; path: string[] },
] = [
  (it) => {
    const names = (it.components ?? []).map(({ component, variant }) =>
      JSON.stringify([fold(component), fold(variant ?? "")]),
    );
    return new Set(names).size === names.length;
  },
  { error: "must not name a component and variant twice", path: ["components"] },
];

export const somethingDeployed: [
  (it: { components?: readonly unknown[]; config?: readonly unknown[]; scope?: string }) => boolean,
  { error: string; path: string[] },
] = [
  ({ components, config = [], scope }) =>
    components !== undefined || (config.length > 0 && scope !== "components"),
  { error: "must name components, or else the configuration that was deployed", path: ["components"] },
];

/** What a service is, and how it is deployed. */
export const description = {
  service: name,
  /** The environments that it counts in; absent: all of them. */
  environments: z.array(name).min(1).max(64).exactOptional(),
  owner: text(128).exactOptional(),
  contact: text(255).exactOptional(),
  repository: url.exactOptional(),
  /** The repositories of its images; empty: it has none, and is deployed by digest or commit. */
  images: z.array(imageRepository).max(64).exactOptional(),
  deployTool: text(64).exactOptional(),
  databases: z.array(name).max(64).exactOptional(),
  migratesAtStartup: z.boolean().exactOptional(),
  /** Where it runs, for environments of which no deployment says so. */
  places: z
    .array(
      z.strictObject({ environment: name, cluster: name.exactOptional(), namespace: name.exactOptional() }),
    )
    .max(64)
    .exactOptional(),
  /** Its components, and what they are called where they run. */
  workloads: z
    .array(
      z.strictObject({
        component: name,
        /** The image repository that its images come from. */
        repository: imageRepository.exactOptional(),
        /** In Kubernetes `billing` or `StatefulSet/billing`. */
        workload: name.exactOptional(),
        /** The container of the workload, in Amazon ECS that of the task definition. */
        container: name.exactOptional(),
      }),
    )
    .max(64)
    .exactOptional(),
};

/** A redeployment as an operator requests it. */
export const redeploymentRequest = {
  ...place,
  service: name,
  question: planQuestion,
  planHash: hash,
  /** The images that the plan deploys; they identify the deployment that carries it out. */
  components: z.array(component).min(1).max(64),
  /** Of a service without images: the commit that the plan deploys. */
  commit: sha.exactOptional(),
  /** The configuration that the plan's steps restore: without it, the redeployment has not succeeded. */
  config: z.array(configuration).max(64).exactOptional(),
  /** No executor starts the redeployment after this time. */
  deadline: time,
  /** The request's `Idempotency-Key`. */
  key: id,
  /** Its images never ran there: the deployment that brings them is no rollback. */
  forward: z.literal(true).exactOptional(),
  /** The operator requested it although people had frozen the place. */
  despiteFreeze: z.literal(true).exactOptional(),
  reason: prose(1024),
};

/** What a deployment or an observation says of a service. */
export const effect = {
  ...place,
  service: name,
  deployment,
  components: z.array(component).min(1).max(64),
  /**
   * `components`: about the named components only. A removal that names a deployment takes away what that deployment
   * set, with `service` everything.
   */
  scope: z.enum(["service", "components"]).exactOptional(),
  commit: deployedCommit.exactOptional(),
  config: z.array(configuration).max(32).exactOptional(),
  cluster: name.exactOptional(),
  namespace: name.exactOptional(),
  rollback: z.boolean().exactOptional(),
  /** The id of the redeployment that this deployment carries out. */
  redeployment: id.exactOptional(),
};

/** What deployers report. */
export const claim = {
  ...effect,
  /** It was read from a repository of manifests: it was declared to run, and nobody reported that it was applied. */
  declared: z.literal(true).exactOptional(),
};
