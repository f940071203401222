/**
 * Access patterns: which partitions index a fact, and which directories list its names. A question reads single
 * partitions, so this file also lists the questions whose cost does not grow with the ledger.
 */
import {
  type AboutAnother,
  type Component,
  type Deployed,
  type Fact,
  type FactOf,
  isAboutAnother,
  type Migrated,
  type Noted,
  type ObservedComponent,
} from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { canonical, disputeOrder, order, retractionOrder, sha256 } from "./canonical.ts";
import { listedAs, placeName, repositoriesIn, sortedAs, taskName } from "./names/directory-names.ts";
import type { Aspect, Directory, IndexEntry, IndexedFact, Partition, Run } from "./store.ts";

/** Commits are indexed by their first seven hex digits, so that an abbreviated id finds them. */
export const commitPrefix = (sha: string): string => sha.slice(0, 7);

export const monthOf = (time: string): string => time.slice(0, 7);
export const dayOf = (time: string): string => time.slice(0, 10);

/** The index of each partition. An index holds a fact itself in one partition, and pointers to it in any others. */
const INDEX_OF = {
  run: "subject",
  part: "subject",
  observed: "subject",
  attempt: "subject",
  schema: "subject",
  tag: "subject",
  renamed: "subject",
  service: "subject",
  freeze: "subject",
  mark: "subject",
  task: "subject",
  change: "subject",
  timeline: "environment",
  tasks: "environment",
  deployment: "deployment",
  digest: "digest",
  commit: "commit",
  // No snapshot names a commit, so it stands in this partition itself, without a pointer.
  snapshot: "commit",
  tagged: "digest",
} as const satisfies Record<Partition["of"], string>;

export type Index = (typeof INDEX_OF)[keyof typeof INDEX_OF];
export const indexOf = (partition: Partition): Index => INDEX_OF[partition.of];

/** Key of a set of components: the JSON list of its folded names, or the SHA-256 of that list beyond 256 bytes. */
export function componentSet(components: readonly Component[]): string {
  const members = JSON.stringify([...new Set(components.map(({ component }) => fold(component)))].sort());
  return Buffer.byteLength(members) <= 256 ? members : sha256(members);
}

/** The run of a task. */
const runOf = ({ deployment, environment, service }: FactOf<"task.observed">): Run => ({
  deployment,
  environment: fold(environment),
  ...(service === undefined ? {} : { service: fold(service) }),
});

const digests = (values: readonly (string | undefined)[], aspect: Aspect): Partition[] =>
  [...new Set(values)].flatMap((digest) => (digest === undefined ? [] : [{ of: "digest", digest, aspect }]));

const commits = (sha: string | undefined, aspect: Aspect): Partition[] =>
  sha === undefined ? [] : [{ of: "commit", prefix: commitPrefix(sha), aspect }];

/** The commits that a deployment names as revisions of its configuration. */
export function configurationCommits({ kind, components, commit, config = [] }: Deployed): string[] {
  if (kind === "deployment.started" || kind === "deployment.failed") return [];
  const revisions = config.map(({ revision }) => revision).filter((revision) => COMMIT.test(revision));
  // Without components, a deployment is of configuration alone, and so is its commit.
  return [...revisions, ...(components === undefined && commit !== undefined ? [commit.sha] : [])];
}
const COMMIT = /^[0-9a-f]{7,64}$/;

/** A component that names no digest is indexed by its tag instead. */
function tags(fact: Deployed): Partition[] {
  if (fact.kind !== "deployment.succeeded" && fact.kind !== "deployment.observed") return [];
  const named = (fact.components ?? []).flatMap(({ digest, repository, tag }): Partition[] => {
    if (digest !== undefined || tag === undefined) return [];
    return [
      { of: "tagged", tag, ...(repository === undefined ? { service: fold(fact.service) } : { repository }) },
    ];
  });
  return [...new Map(named.map((partition) => [canonical(partition), partition])).values()];
}

const timeline = (fact: { environment?: string; occurredAt: string }): Partition => ({
  of: "timeline",
  environment: fold(fact.environment ?? EVERYWHERE),
  month: monthOf(fact.occurredAt),
});
/** In timelines, the name of what concerns every environment: no environment has an empty name. */
export const EVERYWHERE = "";

/** The partitions that a deployment takes effect in; none for one that failed. */
function effects(fact: Deployed): Partition[] {
  const environment = fold(fact.environment);
  const service = fact.service === undefined ? undefined : fold(fact.service);
  if (service === undefined) return [{ of: "run", environment }];
  switch (fact.kind) {
    case "deployment.started":
    case "deployment.failed":
      return [{ of: "attempt", environment, service }];
    case "deployment.observed":
      return [{ of: "observed", environment, service }];
    case "deployment.succeeded":
    case "deployment.removed":
      return fact.scope === "components" && fact.components !== undefined
        ? [{ of: "part", environment, service, components: componentSet(fact.components) }]
        : [{ of: "run", environment, service }];
  }
}

const digestsOf = ({ digest, otherDigests }: ObservedComponent): (string | undefined)[] => [
  digest,
  ...(otherDigests ?? []),
];

const ofDeployed = (fact: Deployed): Partition[] => [
  ...effects(fact),
  timeline(fact),
  ...(fact.deployment === undefined ? [] : [{ of: "deployment", deployment: fact.deployment } as const]),
  ...digests(fact.components?.flatMap(digestsOf) ?? [], "deployed"),
  ...tags(fact),
  ...(fact.kind === "deployment.succeeded" && fact.components === undefined
    ? []
    : commits(fact.commit?.sha, "deployed")),
  ...[...new Set(configurationCommits(fact).map(commitPrefix))].flatMap((prefix) =>
    commits(prefix, "configured"),
  ),
];

const ofMigrated = (fact: Migrated): Partition[] => [
  { of: "schema", environment: fold(fact.environment), database: fold(fact.database) },
  ...(fact.kind === "migration.snapshot"
    ? [{ of: "snapshot", environment: fold(fact.environment), database: fold(fact.database) } as const]
    : []),
  timeline(fact),
  ...digests([fact.image], "migrated"),
  ...commits(fact.kind === "migration.snapshot" ? undefined : fact.commit?.sha, "migrated"),
];

/** The partition of a change; the case of a repository's address does not tell two changes apart. */
export const changePartition = ({
  repository,
  number,
}: {
  repository: string;
  number: number;
}): Partition => ({
  of: "change",
  repository: fold(repository),
  number,
});

const ofTag = (fact: { repository: string; tag?: string }): Partition[] =>
  fact.tag === undefined ? [] : [{ of: "tag", repository: fact.repository, tag: fact.tag }];

function partitionsOf(fact: Exclude<Fact, AboutAnother>): Partition[] {
  switch (fact.kind) {
    case "artifact.pushed":
    case "artifact.deleted":
    case "artifact.restored":
      return [...ofTag(fact), ...digests([fact.digest], "image")];
    case "artifact.indexed": {
      const members = fact.manifests.flatMap(({ digest, configDigest }) => [digest, configDigest]);
      return digests([fact.digest, ...members], "image");
    }
    case "repository.renamed":
    case "service.renamed":
    case "environment.renamed":
      return [{ of: "renamed" }];
    case "artifact.built":
      return [...digests([fact.digest], "image"), ...commits(fact.commit.sha, "image")];
    case "deployment.started":
    case "deployment.succeeded":
    case "deployment.failed":
    case "deployment.removed":
    case "deployment.observed":
      return ofDeployed(fact);
    case "task.observed": {
      const { digest, service } = fact;
      const environment = fold(fact.environment);
      return [
        ...(service === undefined ? [] : [{ of: "tasks", environment, service: fold(service) } as const]),
        { of: "task", run: runOf(fact), component: fold(fact.component), digest },
        ...digests([digest], "task"),
      ];
    }
    case "migration.applied":
    case "migration.reverted":
    case "migration.failed":
    case "migration.snapshot":
      return ofMigrated(fact);
    case "change.merged":
      return [
        ...commits(fact.mergeCommit, "merged"),
        ...(commitPrefix(fact.head) === commitPrefix(fact.mergeCommit) ? [] : commits(fact.head, "merged")),
        changePartition(fact),
      ];
    case "evidence.attached":
      return [
        ...(fact.change === undefined ? [] : [changePartition(fact.change)]),
        ...digests([fact.digest], "evidence"),
        ...commits(fact.commit, "evidence"),
        ...(fact.deployment === undefined
          ? []
          : [{ of: "deployment", deployment: fact.deployment } as const]),
      ];
    case "service.described":
      return [{ of: "service", service: fold(fact.service) }];
    case "change.noted":
    case "incident.opened":
    case "incident.resolved":
      return [timeline(fact)];
    case "release.marked":
      return [{ of: "mark", digest: fact.digest }, ...digests([fact.digest], "evidence")];
    case "environment.frozen":
    case "environment.unfrozen":
    case "redeployment.requested":
      // A redeployment request is also a freeze of its service.
      return [
        {
          of: "freeze",
          environment: fold(fact.environment),
          ...(fact.service === undefined ? {} : { service: fold(fact.service) }),
        },
        timeline(fact),
      ];
    case "redeployment.ended":
      // Its cancellation also ends the freeze that the request is.
      return [
        { of: "freeze", environment: fold(fact.environment), service: fold(fact.service) },
        timeline(fact),
      ];
    case "export.made":
    case "token.changed":
    case "person.erased":
    // Read by their identities, which are numbers.
    case "policy.changed":
    // Read by its identity, which is made from the change's.
    case "change.reviewed":
    // Read by its identity, which is made from the redeployment's.
    case "redeployment.taken":
      return [];
  }
}

/** A name to add to a directory. */
type Entry = readonly [directory: Directory, name: string];

function serviceNames(fact: Fact & { environment: string }): Entry[] {
  if (!("service" in fact) || fact.service === undefined) return [];
  const environment = fold(fact.environment);
  const directory: Directory = { of: "service", environment, service: fold(fact.service) };
  const names: Entry[] = [
    [{ of: "services", environment }, fact.service],
    [directory, "service"],
    [{ of: "catalog" }, fact.service],
    [{ of: "places", service: fold(fact.service) }, fact.environment],
  ];
  if ("cluster" in fact && fact.cluster !== undefined)
    names.push([directory, listedAs("cluster", fact.cluster)]);
  if (fact.kind === "task.observed") names.push([directory, listedAs("tasks", fact.deployment.provider)]);
  if ("database" in fact) names.push([directory, listedAs("database", fact.database)]);
  if ("scope" in fact && fact.scope === "components" && fact.components !== undefined) {
    names.push([directory, listedAs("part", componentSet(fact.components))]);
  }
  return names;
}

/** Facts about services and environments that others report: what else changed, and incidents. */
export const isNoted = <F extends { readonly kind: string }>(fact: F): fact is F & { kind: Noted["kind"] } =>
  fact.kind === "change.noted" || fact.kind === "incident.opened" || fact.kind === "incident.resolved";

function namesOf(fact: Fact): Entry[] {
  const names: Entry[] = [
    [{ of: "recorded" }, dayOf(fact.recordedAt)],
    [{ of: "sources" }, fact.source],
    [{ of: "days", source: fact.source }, dayOf(fact.recordedAt)],
  ];
  names.push(...repositoriesIn(fact).map((one): Entry => [{ of: "repositories" }, one]));
  if (fact.kind === "task.observed") {
    names.push([{ of: "tasks", run: runOf(fact) }, taskName(fact)]);
  }
  if (isNoted(fact)) {
    // A note makes no name known: it is about services and environments that others report.
    const environment = fold(fact.environment ?? EVERYWHERE);
    return [...names, [{ of: "months", environment }, monthOf(fact.occurredAt)]];
  }
  if (fact.kind === "service.described") {
    const described = (fact.images ?? []).map(
      (repository): Entry => [{ of: "described", repository }, fact.service],
    );
    names.push([{ of: "catalog" }, fact.service], ...described);
  }
  if (!("environment" in fact)) return names;
  names.push([{ of: "environments" }, fact.environment]);
  names.push([{ of: "months", environment: fold(fact.environment) }, monthOf(fact.occurredAt)]);
  if (fact.kind === "environment.frozen" || fact.kind === "redeployment.requested")
    names.push([{ of: "frozen" }, placeName(fact)]);
  if (fact.kind === "migration.snapshot" && fact.versions.some(({ appliedAt }) => appliedAt !== undefined))
    names.push([{ of: "dated", environment: fold(fact.environment) }, fact.database]);
  if (fact.group !== undefined) names.push([{ of: "group", group: fold(fact.group) }, fact.environment]);
  return [...names, ...serviceNames(fact)];
}

function orderOf(fact: Fact, place: Fact): string {
  if (!isAboutAnother(fact)) return order(fact);
  return fact.kind === "fact.retracted" ? retractionOrder(place) : disputeOrder(place);
}

/**
 * A fact with the partitions that index it (`posted`), and the index entries to write before it (`derived`). A
 * retraction and a dispute are indexed in every partition of their target, directly after it, so that a reader sees them
 * without another request. Throws an Error for one of them without its target.
 */
export function accessPatternsOf(fact: Fact, target?: Fact): { posted: IndexedFact; derived: IndexEntry[] } {
  const place = isAboutAnother(fact) ? target : fact;
  if (place === undefined || isAboutAnother(place)) throw new Error(`a ${fact.kind} needs its target`);
  const taken = new Set<Index>();
  const partitions: Partition[] = [];
  const derived: IndexEntry[] = namesOf(fact).map(([directory, shown]) => ({
    is: "name",
    directory,
    // Sources are URI references, which compare with case.
    name: {
      name: directory.of === "sources" ? shown : sortedAs(fold(shown)),
      shown,
      recordedAt: fact.recordedAt,
    },
  }));
  const at = orderOf(fact, place);
  for (const partition of partitionsOf(place)) {
    const index = indexOf(partition);
    if (taken.has(index)) derived.push({ is: "pointer", partition, order: at, fact });
    else partitions.push(partition);
    taken.add(index);
  }
  return { posted: { fact, order: at, partitions }, derived };
}
