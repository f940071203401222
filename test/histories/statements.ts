/** One statement of each kind, at random. */
import * as fc from "fast-check";
import type { Component, Statement } from "../../schemas/fact.ts";
import {
  cluster,
  componentName,
  config,
  database,
  deployment,
  digest,
  digestOf,
  environment,
  forge,
  IMAGES,
  index,
  manifest,
  moment,
  OFFSETS,
  often,
  path,
  pick,
  renamings,
  repository,
  service,
  sha,
  shortSha,
  some,
  tag,
  time,
  trilean,
  version,
} from "./words.ts";

type Said<S> = S extends Statement ? Omit<S, "source" | "id"> & { source?: string } : never;
/** A statement before it is given an id and, where it has none of its own, a source. */
export type Saying = Said<Statement>;

/** What happens at once in a history: some statements, or that an earlier one was wrong. */
export type Act = { says: readonly Saying[] } | { retracts: number; by: number };

/** A source without a clock: its statements happened when they came in (so each delivery has its own time). */
export const fromReceipt = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: pick("receipt").map((timeFrom) => ({ timeFrom })) },
);
export const said = some({
  actor: pick("octocat", "hubot"),
  url: pick("https://ci.example/1", "https://ci.example/2"),
});

/** Some senders number what they say. */
const numbered = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: some({ sequence: pick(1, 2, 3) }) },
);

export const common = fc
  .tuple(said, fromReceipt, numbered)
  .map(([one, two, three]) => ({ ...one, ...two, ...three }));

export const variant = pick("blue", "Blue", "green");
export const named = fc.record(
  { component: componentName, variant, weight: pick(10, 90) },
  { requiredKeys: ["component"] },
);
export const component = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: componentName.map((component) => ({ component })) },
      { weight: 1, arbitrary: named },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ digest, repository, tag }, { requiredKeys: ["digest"] }) },
      { weight: 3, arbitrary: fc.record({ tag, repository }) },
      { weight: 2, arbitrary: fc.record({ tag }) },
      { weight: 1, arbitrary: fc.record({ repository }) },
      { weight: 2, arbitrary: fc.constant({}) },
    ),
  )
  .map(([name, image]) => ({ ...name, ...image }));

export const slot = ({ component, variant }: { component: string; variant?: string }): string =>
  JSON.stringify([component, variant ?? ""]).toLowerCase();
export const severalComponents = fc.uniqueArray(component, { minLength: 1, maxLength: 3, selector: slot });
/** What a deployer says that knows nothing of images. */
export const bare = pick("main", "Main").map((component) => [{ component }]);
export const components = fc.oneof(
  { weight: 3, arbitrary: component.map((one) => [one]) },
  { weight: 3, arbitrary: severalComponents },
  { weight: 2, arbitrary: bare },
);

export const scope = often("service", "components");
export const configuration = fc.record(
  { repository: forge, revision: pick("r1", "r2"), path: fc.constant("billing.yaml"), digest },
  { requiredKeys: ["revision"] },
);
export const deployedCommit = fc.record(
  { sha: shortSha, repository: forge, ref: pick("refs/heads/main") },
  { requiredKeys: ["sha"] },
);
/** The rest of what any deployment says. */
export const circumstances = fc
  .tuple(
    common,
    some({ commit: deployedCommit, scope, cluster }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: some({
          group: pick("live", "Live"),
          config: fc.array(configuration, { maxLength: 2 }),
          namespace: fc.constant("billing"),
          rollback: fc.boolean(),
          redeployment: pick("1", "2"),
        }),
      },
    ),
  )
  .map(([one, two, three]) => ({ ...one, ...two, ...three }));

export const effect = fc
  .tuple(fc.record({ occurredAt: moment, environment, service, deployment, components }), circumstances)
  .map(([one, two]) => ({ ...one, ...two }));

/** A deployment of configuration alone, with or without a word that stands for the service. */
export const configured = fc
  .tuple(
    fc.record({ occurredAt: moment, environment, service, deployment }),
    fc.record(
      {
        config: fc.array(configuration, { minLength: 1, maxLength: 2 }),
        commit: deployedCommit,
        components: bare,
        rollback: fc.boolean(),
      },
      { requiredKeys: ["config"] },
    ),
    fc.boolean(),
  )
  .map(([one, two, isItsCommit]): Saying => {
    const { commit, config } = two;
    const itsCommit =
      commit === undefined || !isItsCommit
        ? {}
        : { config: config.map((each) => ({ ...each, revision: commit.sha })) };
    return { ...one, ...two, ...itsCommit, kind: "deployment.succeeded" };
  });

/** A start and, some moments later, its end; sometimes only one of them. */
export const deploymentPair = fc
  .tuple(
    effect,
    fc.nat({ max: OFFSETS.length - 1 }),
    fc.nat({ max: 4 }),
    often("deployment.succeeded", "deployment.failed"),
    often("both", "start", "end"),
  )
  .map(([said, starts, takes, kind, which]): Act => {
    const started: Saying = { ...said, kind: "deployment.started", occurredAt: time(OFFSETS[starts] ?? 0) };
    const ended: Saying = {
      ...said,
      kind,
      occurredAt: time(OFFSETS[Math.min(starts + takes, OFFSETS.length - 1)] ?? 0),
    };
    return { says: which === "both" ? [started, ended] : which === "start" ? [started] : [ended] };
  });

export const act = (saying: fc.Arbitrary<Saying>): fc.Arbitrary<Act> =>
  saying.map((one) => ({ says: [one] }));

export const succeeded = effect.map((said): Saying => ({ ...said, kind: "deployment.succeeded" }));
export const removed = fc
  .tuple(effect, pick("service", "components", "bare", "deployment", "environment"))
  .map(([said, how]): Saying => {
    const { scope, components, service, deployment, ...rest } = said;
    const kind = "deployment.removed";
    if (how === "environment") return { ...rest, kind };
    if (how === "bare") return { ...rest, kind, service };
    if (how === "deployment") return { ...rest, kind, service, deployment };
    if (how === "components") return { ...rest, kind, service, deployment, components, scope: "components" };
    return { ...rest, kind, service, components, scope: "service" };
  });
/** Since when what is seen has been running: some moments before. */
const since = fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: moment });
const seenAs = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: some({ otherDigests: fc.tuple(digest).map(([one]) => [one]) }) },
  { weight: 1, arbitrary: some({ digestOf: pick("configuration") }) },
);
export const observed = fc
  .tuple(effect, fc.boolean(), since, seenAs)
  .map(([said, knowsDeployment, since, as]): Saying => {
    const { deployment, ...rest } = said;
    const components: readonly Component[] = said.components;
    return {
      ...rest,
      ...(knowsDeployment ? { deployment } : {}),
      kind: "deployment.observed",
      components: components.map((one) => (one.digest === undefined ? one : { ...one, ...as })),
      ...(since === undefined || since > said.occurredAt ? {} : { since }),
    };
  });
export const task = fc
  .tuple(
    fc.record(
      { occurredAt: moment, environment, deployment, component: componentName, digest, service },
      { requiredKeys: ["occurredAt", "environment", "deployment", "component", "digest"] },
    ),
    common,
  )
  .map(([said, more]): Saying => ({ ...said, ...more, kind: "task.observed" }));

/** Of a deployment all statements together: bare, with its tasks. */
export const deploymentWithTasks = fc
  .tuple(effect, bare, fc.array(fc.tuple(moment, componentName, digest), { minLength: 1, maxLength: 3 }))
  .map(([said, components, seen]): Act => {
    const { environment, deployment } = said;
    const tasks = seen.map(
      ([occurredAt, component, digest]): Saying => ({
        kind: "task.observed",
        occurredAt,
        environment,
        deployment,
        component,
        digest,
      }),
    );
    return { says: [{ ...said, components, kind: "deployment.succeeded" }, ...tasks] };
  });

/** A deployment that names what runs, while tasks of others run. */
export const deploymentAmongTasks = fc
  .tuple(
    effect,
    fc.array(fc.tuple(moment, deployment, componentName, digest), { minLength: 1, maxLength: 3 }),
  )
  .map(([said, seen]): Act => {
    const { environment, service } = said;
    const tasks = seen.map(
      ([occurredAt, deployment, component, digest]): Saying => ({
        kind: "task.observed",
        occurredAt,
        environment,
        service,
        deployment,
        component,
        digest,
      }),
    );
    return { says: [{ ...said, kind: "deployment.succeeded" }, ...tasks] };
  });

export const pushed = fc
  .tuple(
    fc.record(
      { occurredAt: moment, digest, repository, tag },
      { requiredKeys: ["occurredAt", "digest", "repository"] },
    ),
    common,
    some({
      mediaType: fc.constant("application/vnd.oci.image.index.v1+json"),
      platform: fc.constant("linux/arm64"),
      size: fc.nat(),
    }),
  )
  .map(([said, more, rest]): Saying => ({ ...said, ...more, ...rest, kind: "artifact.pushed" }));
const copied = fc.record({ by: pick("replication", "cache") });
/** A push with a tag is what makes tags worth asking. */
export const tagged = fc
  .record(
    { occurredAt: moment, digest, repository, tag, copied },
    { requiredKeys: ["occurredAt", "digest", "repository", "tag"] },
  )
  .map((said): Saying => ({ ...said, kind: "artifact.pushed" }));
export const moved = fc
  .tuple(
    fc.record({ occurredAt: moment, repository, what: pick("manifest", "tag", "unknown") }),
    fc.oneof(fc.record({ digest }), fc.record({ tag }), fc.record({ digest, tag })),
    some({ reason: fc.constant("lifecycle") }),
    often("artifact.deleted", "artifact.restored"),
    fc.boolean(),
  )
  .map(([said, what, more, kind, archives]): Saying => {
    const isArchived = archives && kind === "artifact.deleted" && said.what === "manifest";
    return { ...said, ...what, ...more, ...(isArchived ? { archived: true } : {}), kind };
  });
export const renamed = fc.record({ occurredAt: moment, from: path, to: path, scope: renamings }).map(
  ({ scope, ...said }): Saying => ({
    ...said,
    ...(scope === undefined ? {} : { scope }),
    kind: "repository.renamed",
  }),
);
export const manifests = fc.array(
  fc.record(
    {
      digest: fc.oneof({ weight: 8, arbitrary: manifest }, { weight: 1, arbitrary: digest }),
      configDigest: config,
    },
    { requiredKeys: ["digest"] },
  ),
  { minLength: 1, maxLength: 3 },
);
export const indexed = fc
  .record({
    occurredAt: moment,
    digest: fc.oneof({ weight: 8, arbitrary: index }, { weight: 1, arbitrary: digest }),
    manifests,
  })
  .map((said) => ({ ...said, kind: "artifact.indexed" as const }));
/** An image as it should be: its own index, manifests and config. */
export const wellIndexed = fc.tuple(moment, pick(...IMAGES)).map(([occurredAt, image]) => ({
  kind: "artifact.indexed" as const,
  occurredAt,
  digest: digestOf(image, "a"),
  manifests: [
    { digest: digestOf(image, "b"), platform: "linux/amd64", configDigest: digestOf(image, "d") },
    { digest: digestOf(image, "c"), platform: "linux/arm64" },
  ],
}));
/** An index that the ledger itself read in a registry. */
export const read = fc
  .tuple(fc.oneof(indexed, wellIndexed), repository)
  .map(([said, repository]): Saying => ({ ...said, repository, source: "/asof/registry/ghcr.io" }));
/** An index that its registry reported, or whoever sends CDEvents. */
export const reported = fc
  .tuple(fc.oneof(indexed, wellIndexed), often("/webhooks/harbor/ghcr.io", "/webhooks/cdevents/ci"))
  .map(([said, source]): Saying => ({ ...said, source }));
export const built = fc
  .tuple(
    fc.record({
      occurredAt: moment,
      digest,
      commit: fc.record(
        { repository: forge, sha, ref: pick("refs/heads/main", "refs/tags/v1"), committedAt: moment },
        { requiredKeys: ["repository", "sha"] },
      ),
      evidence: pick("slsa", "oidc", "oci-label", "registry", "declared"),
    }),
    common,
    some({
      repository,
      service,
      verified: fc.boolean(),
      requires: pick("2").map((version) => [{ database: "billing", version }]),
    }),
  )
  .map(([said, more, rest]): Saying => ({ ...said, ...more, ...rest, kind: "artifact.built" }));

export const described = fc
  .tuple(
    fc.record({ occurredAt: moment, service }),
    some({
      owner: pick("team-a", "team-b"),
      contact: fc.constant("#oncall"),
      images: fc.array(repository, { maxLength: 2 }),
    }),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: some({
          repository: forge,
          deployTool: fc.constant("helm"),
          databases: fc.array(database, { maxLength: 2 }),
          migratesAtStartup: fc.boolean(),
        }),
      },
    ),
  )
  .map(([one, two, three]): Saying => ({ ...one, ...two, ...three, kind: "service.described" }));

export const migrated = fc
  .tuple(
    fc.record({ occurredAt: moment, environment, database, version }),
    some({ service, tool: pick("flyway", "alembic"), reversible: trilean }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: some({
          description: fc.constant("adds\na column"),
          checksum: fc.constant("c1"),
          oldCodeRuns: trilean,
          losesData: trilean,
          commit: deployedCommit,
          image: digest,
        }),
      },
    ),
    often("migration.applied", "migration.reverted", "migration.failed"),
  )
  .map(([one, two, three, kind]): Saying => ({ ...one, ...two, ...three, kind }));

export const row = fc.record(
  { version, appliedAt: moment, checksum: fc.constant("c1") },
  { requiredKeys: ["version"] },
);
export const rows = fc.uniqueArray(row, { maxLength: 4, selector: (one) => one.version });
export const snapshotOf = fc
  .tuple(
    fc.record({ occurredAt: moment, environment, database, mode: pick("set", "head") }),
    some({ service, tool: pick("flyway", "alembic") }),
  )
  .map(([one, two]) => ({ ...one, ...two, kind: "migration.snapshot" as const }));
export const snapshot = fc.tuple(snapshotOf, rows).map(([said, versions]): Saying => ({ ...said, versions }));
/** Two parts of a set of two, or one of them; sets are few, so that parts of several readings meet. */
export const snapshotInParts = fc
  .tuple(
    snapshotOf,
    fc.array(fc.tuple(rows, pick(1, 2), moment), { minLength: 1, maxLength: 3 }),
    pick("s", "t"),
  )
  .map(
    ([said, parts, set]): Act => ({
      says: parts.map(
        ([versions, n, occurredAt]): Saying => ({ ...said, occurredAt, versions, part: { set, n, of: 2 } }),
      ),
    }),
  );

/** What no release depends on, but what stands in the same places. */
export const besides = fc.oneof(
  fc
    .tuple(moment, fc.oneof(fc.record({ commit: sha }), fc.record({ digest }), fc.record({ deployment })))
    .map(
      ([occurredAt, about]): Saying => ({ kind: "evidence.attached", occurredAt, ...about, type: "review" }),
    ),
  fc
    .record({ occurredAt: moment, digest, verdict: pick("good", "bad") })
    .map((said): Saying => ({ ...said, kind: "release.marked" })),
  fc
    .tuple(
      fc.record(
        { occurredAt: moment, environment, service },
        { requiredKeys: ["occurredAt", "environment"] },
      ),
      pick("environment.frozen", "environment.unfrozen"),
    )
    .map(([said, kind]): Saying => ({ ...said, kind })),
  fc.record({ occurredAt: moment, environment, service, digest }).map(
    ({ digest, ...said }): Saying => ({
      ...said,
      kind: "redeployment.requested",
      question: { digest, knownAt: said.occurredAt },
      planHash: "0".repeat(64),
      components: [{ component: "main", repository: "ghcr.io/acme/billing", digest }],
      deadline: said.occurredAt,
      key: "1",
      reason: "rolls back",
    }),
  ),
  fc
    .record({ occurredAt: moment, environment, service, outcome: pick("succeeded", "failed") })
    .map((said): Saying => ({ ...said, kind: "redeployment.ended", redeployment: "1" })),
  moment.map(
    (occurredAt): Saying => ({
      kind: "export.made",
      occurredAt,
      from: time(0),
      to: occurredAt,
      count: 1,
      sha256: "0".repeat(64),
    }),
  ),
  moment.map(
    (occurredAt): Saying => ({
      kind: "person.erased",
      occurredAt,
      person: `person:${"0".repeat(64)}`,
      reason: "asked for",
    }),
  ),
);
