/** What happens together, so that rules which need several statements are met often. */
import * as fc from "fast-check";
import {
  type Act,
  act,
  bare,
  besides,
  built,
  circumstances,
  configured,
  deploymentAmongTasks,
  deploymentPair,
  deploymentWithTasks,
  described,
  indexed,
  migrated,
  moved,
  observed,
  pushed,
  read,
  removed,
  renamed,
  reported,
  type Saying,
  snapshot,
  snapshotInParts,
  succeeded,
  tagged,
  task,
  wellIndexed,
} from "./statements.ts";
import {
  database,
  deployment,
  digest,
  digestOf,
  environment,
  forge,
  IMAGES,
  moment,
  OFFSETS,
  often,
  pick,
  renamings,
  repository,
  service,
  sha,
  tag,
  time,
  version,
} from "./words.ts";

export type { Act };

const place = { environment, service };
const later = (at: string, steps: number): string => {
  const n = OFFSETS.findIndex((offset) => time(offset) === at);
  return time(OFFSETS[Math.min(n + steps, OFFSETS.length - 1)] ?? 0);
};

const verified = pick<boolean | undefined>(true, false, undefined);

/** A deployment by tag, while the tag is pushed, moved and deleted. */
const byTag = fc
  .record({
    ...place,
    deployment,
    repository,
    tag,
    starts: moment,
    takes: fc.nat({ max: 3 }),
    pushes: fc.array(fc.tuple(moment, digest), { minLength: 1, maxLength: 3 }),
    deleted: fc.option(
      fc.tuple(
        moment,
        fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: digest }),
        pick("manifest", "manifest", "tag", "unknown"),
        pick("artifact.deleted", "artifact.restored"),
      ),
      { nil: undefined, freq: 1 },
    ),
    named: fc.boolean(),
    kind: often("deployment.succeeded", "deployment.observed"),
    circumstances,
  })
  .map(({ environment, service, deployment, repository, tag, ...it }): Act => {
    const components = [{ component: "main", tag, ...(it.named ? { repository } : {}) }];
    const said = { ...it.circumstances, environment, service, deployment, components };
    const says: Saying[] = it.pushes.map(([occurredAt, digest]) => ({
      kind: "artifact.pushed",
      occurredAt,
      digest,
      repository,
      tag,
    }));
    if (it.deleted !== undefined) {
      const [occurredAt, which, what, kind] = it.deleted;
      const pushed = it.pushes.map(([, digest]) => digest);
      const digest = typeof which === "string" ? which : (pushed[which % pushed.length] ?? "");
      says.push({ kind, occurredAt, repository, digest, what, ...(what === "manifest" ? {} : { tag }) });
    }
    if (!it.named)
      says.push({ kind: "service.described", occurredAt: it.starts, service, images: [repository] });
    if (it.kind === "deployment.succeeded") {
      says.push({ ...said, kind: "deployment.started", occurredAt: it.starts });
    }
    return { says: [...says, { ...said, kind: it.kind, occurredAt: later(it.starts, it.takes) }] };
  });

const A = "ghcr.io/acme/billing";
const B = "ghcr.io/pay/billing";
const C = "ghcr.io/acme/billing-pay";
/** Once, on and on, there and back, two that change places, an old name taken by another, one rename told twice. */
const ROWS: readonly (readonly (readonly [from: string, to: string])[])[] = [
  [[A, B]],
  [
    [A, B],
    [B, C],
  ],
  [
    [A, B],
    [B, A],
  ],
  [
    [A, C],
    [B, A],
    [C, B],
  ],
  [
    [A, B],
    [C, A],
  ],
  [
    [A, B],
    [A, B],
  ],
  [["ghcr.io/acme", "ghcr.io/pay"]],
];

/** A repository that is renamed, with pushes and a deployment that name it as it was called, or otherwise. */
const byNames = fc
  .record({
    ...place,
    deployment,
    tag,
    sha,
    row: fc.constantFrom(...ROWS),
    scope: renamings,
    starts: moment,
    gaps: fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 }),
    moves: fc.array(
      fc.tuple(
        moment,
        pick(A, B, C),
        pick(digestOf("1", "a"), digestOf("2", "a")),
        pick("artifact.pushed", "artifact.pushed", "artifact.built", "artifact.deleted"),
      ),
      { minLength: 1, maxLength: 5 },
    ),
    claims: fc.array(fc.tuple(moment, pick(A, B, C), pick("tag", "commit", "described")), {
      minLength: 1,
      maxLength: 2,
    }),
    described: moment,
  })
  .map(({ environment, service, deployment, tag, sha, row, scope, gaps, ...it }): Act => {
    let at = it.starts;
    const renames = row.map(([from, to], n): Saying => {
      at = later(at, n === 0 ? 0 : (gaps[n] ?? 1));
      return { kind: "repository.renamed", occurredAt: at, from, to, ...(scope && { scope }) };
    });
    const moves = it.moves.map(([occurredAt, repository, digest, kind]): Saying => {
      const about = { occurredAt, repository, digest };
      if (kind === "artifact.deleted") return { ...about, kind, what: "manifest" };
      if (kind === "artifact.pushed") return { ...about, kind, tag };
      const commit = { repository: "https://github.com/acme/billing", sha };
      return { ...about, kind, commit, evidence: "oidc" };
    });
    const claims = it.claims.map(([occurredAt, repository, by]): Saying => {
      const named = by === "described" ? { tag } : by === "tag" ? { tag, repository } : { repository };
      const components = [{ component: "main", ...named }];
      const about = { kind: "deployment.succeeded" as const, occurredAt, environment, service, deployment };
      return { ...about, components, ...(by === "commit" ? { commit: { sha } } : {}) };
    });
    const images = it.claims.map(([, repository]) => repository);
    const described: Saying = { kind: "service.described", occurredAt: it.described, service, images };
    return { says: [...renames, ...moves, ...claims, described] };
  });

/** A deployment that names only a commit, with images built from it. */
const byCommit = fc
  .record({
    ...place,
    deployment,
    repository,
    occurredAt: moment,
    sha,
    forge,
    components: bare,
    builds: fc.array(fc.tuple(digest, fc.boolean(), pick("slsa", "oidc", "registry", "declared"), verified), {
      minLength: 1,
      maxLength: 2,
    }),
    circumstances,
  })
  .map(({ environment, service, deployment, occurredAt, repository, sha, forge, components, ...it }): Act => {
    const builds = it.builds.map(
      ([digest, isNamed, evidence, verified]): Saying => ({
        kind: "artifact.built",
        occurredAt,
        digest,
        commit: { repository: forge, sha },
        evidence,
        ...(verified === undefined ? {} : { verified }),
        ...(isNamed ? { repository } : {}),
      }),
    );
    const says: Saying[] = [
      ...builds,
      { kind: "service.described", occurredAt, service, images: [repository] },
      {
        ...it.circumstances,
        kind: "deployment.succeeded",
        occurredAt,
        environment,
        service,
        deployment,
        components,
        commit: { sha },
      },
    ];
    return { says };
  });

const role = often("a", "b", "c", "d");
/** Two manifests that share a config, and one that has none. */
const partsOf = (image: string) => [
  { digest: digestOf(image, "b"), configDigest: digestOf(image, "d") },
  { digest: digestOf(image, "c"), configDigest: digestOf(image, "d") },
];

/** One image that runs by its digest, and what its registries and the runtime say of it and of its parts. */
const byDigest = fc
  .record({
    ...place,
    deployment,
    image: pick(...IMAGES),
    said: role,
    claimed: moment,
    isIndexed: fc.boolean(),
    moves: fc.array(
      fc.tuple(
        moment,
        role,
        repository,
        pick("artifact.pushed", "artifact.pushed", "artifact.deleted", "artifact.restored"),
        pick("manifest", "unknown"),
        fc.option(tag, { nil: undefined }),
      ),
      { maxLength: 5 },
    ),
    builds: fc.array(fc.tuple(role, sha, pick("slsa", "oidc", "declared"), verified), { maxLength: 2 }),
    seen: fc.array(
      fc.tuple(
        moment,
        fc.oneof(
          role.map((role) => ({ role })),
          digest.map((other) => ({ other })),
        ),
      ),
      {
        maxLength: 3,
      },
    ),
    circumstances,
  })
  .map(({ environment, service, deployment, image, said, claimed, circumstances, ...it }): Act => {
    const running = (digest: string) => ({
      ...circumstances,
      environment,
      service,
      components: [{ component: "main", digest }],
    });
    const index: Saying = {
      kind: "artifact.indexed",
      occurredAt: claimed,
      digest: digestOf(image, "a"),
      manifests: partsOf(image),
    };
    const moves = it.moves.map(([occurredAt, role, repository, kind, what, tag]): Saying => {
      const digest = digestOf(image, role);
      const about = { occurredAt, digest, repository, ...(tag === undefined ? {} : { tag }) };
      return kind === "artifact.pushed" ? { ...about, kind } : { ...about, kind, what };
    });
    const builds = it.builds.map(
      ([role, sha, evidence, verified]): Saying => ({
        kind: "artifact.built",
        occurredAt: claimed,
        digest: digestOf(image, role),
        commit: { repository: "https://github.com/acme/billing", sha },
        evidence,
        ...(verified === undefined ? {} : { verified }),
      }),
    );
    const seen = it.seen.map(
      ([occurredAt, what]): Saying => ({
        ...running("other" in what ? what.other : digestOf(image, what.role)),
        kind: "deployment.observed",
        occurredAt,
      }),
    );
    const claim: Saying = {
      ...running(digestOf(image, said)),
      kind: "deployment.succeeded",
      occurredAt: claimed,
      deployment,
    };
    return { says: [...(it.isIndexed ? [index] : []), ...moves, ...builds, claim, ...seen] };
  });

/** One schema over some time, mostly seen through sets that grow and shrink. */
const schema = fc
  .record({
    ...place,
    database,
    steps: fc.array(
      fc.tuple(
        moment,
        version,
        pick("set", "set", "head", "migration.applied", "migration.reverted", "migration.failed"),
        fc.uniqueArray(version, { maxLength: 3 }),
      ),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ environment, service, database, steps }): Act => {
    const about = { environment, service, database };
    return {
      says: steps.map(([occurredAt, version, kind, versions]): Saying => {
        if (kind === "set" || kind === "head") {
          const rows = versions.map((version) => ({ version }));
          return { ...about, kind: "migration.snapshot", occurredAt, mode: kind, versions: rows };
        }
        return { ...about, kind, occurredAt, version };
      }),
    };
  });

const retraction = fc.record({ retracts: fc.nat({ max: 60 }), by: fc.nat({ max: 1 }) });

export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: deploymentPair },
  { weight: 3, arbitrary: byTag },
  { weight: 3, arbitrary: byNames },
  { weight: 2, arbitrary: byCommit },
  { weight: 3, arbitrary: byDigest },
  { weight: 2, arbitrary: deploymentWithTasks },
  { weight: 2, arbitrary: deploymentAmongTasks },
  { weight: 2, arbitrary: schema },
  { weight: 2, arbitrary: act(succeeded) },
  { weight: 2, arbitrary: act(configured) },
  { weight: 2, arbitrary: act(removed) },
  { weight: 4, arbitrary: act(observed) },
  { weight: 3, arbitrary: act(task) },
  { weight: 2, arbitrary: act(tagged) },
  { weight: 2, arbitrary: act(pushed) },
  { weight: 2, arbitrary: act(moved) },
  { weight: 2, arbitrary: act(renamed) },
  { weight: 2, arbitrary: act(indexed) },
  { weight: 4, arbitrary: act(wellIndexed) },
  { weight: 2, arbitrary: act(read) },
  { weight: 1, arbitrary: act(reported) },
  { weight: 3, arbitrary: act(built) },
  { weight: 2, arbitrary: act(described) },
  { weight: 2, arbitrary: act(migrated) },
  { weight: 1, arbitrary: act(snapshot) },
  { weight: 2, arbitrary: snapshotInParts },
  { weight: 1, arbitrary: act(besides) },
  { weight: 2, arbitrary: retraction },
);
