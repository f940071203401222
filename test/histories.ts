/**
 * Random histories in which everything collides with everything: few names, few images, few tags, few moments,
 * every kind of statement. Arbitraries for fast-check; what comes out is valid by the schemas.
 */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { Statement } from "../schemas/fact.ts";

type Said<S> = S extends Statement ? Omit<S, "source" | "id"> : never;
/** A statement before it is given a source and an id. */
type Saying = Said<Statement>;

/** What happens at once in a history: some statements, or that an earlier one was wrong. */
type Act = { says: readonly Saying[] } | { retracts: number; by: number };

const BEGINNING = Date.parse("2026-10-01T00:00:00.000Z");
const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Around the minute before a start that counts for tags, twice over; then far apart. */
const OFFSETS = [
  0,
  1,
  30_000,
  59_999,
  60_000,
  60_001,
  90_000,
  119_999,
  120_000,
  121_000,
  180_000,
  DAY,
  40 * DAY,
];

/** After every moment of a history. */
export const END_MS = BEGINNING + 41 * DAY;

const time = (ms: number): string => new Date(BEGINNING + ms).toISOString();
const pick = <const T>(...values: readonly [T, ...T[]]): fc.Arbitrary<T> => fc.constantFrom(...values);
const often = <const T>(value: T, ...others: readonly [T, ...T[]]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: pick(...others) });
/** An object with some of these fields. */
const some = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { requiredKeys: [] });
const moment = fc.nat({ max: OFFSETS.length - 1 }).map((n) => time(OFFSETS[n] ?? 0));

const ENVIRONMENTS = ["production", "Production", "review/é", "review/e\u0301"] as const;
const SERVICES = ["acme/billing", "Acme/Billing", "acme/web"] as const;
const environment = often("production", ...ENVIRONMENTS);
const service = often("acme/billing", ...SERVICES);
const componentName = often("main", "Main", "web", "worker");
const repository = often("ghcr.io/acme/billing", "registry.local:5000/mirror");
const tag = often("1.4", "latest", "v2");
const database = often("billing", "Billing", "audit");
const version = pick("1", "2", "3", "4");
const cluster = often("eu-1", "EU-1", "us-1");
const sha = pick("4be1a", "77aa2", "77aa3").map((start) => start.padEnd(40, "0"));
const shortSha = pick("4be1a00", "77aa2000000", "77aa300".padEnd(40, "0"));
const forge = pick("https://github.com/acme/billing", "https://gitlab.com/acme/billing");
const trilean = pick<boolean | "unknown">(true, false, "unknown");

const IMAGES = ["1", "2", "3"] as const;
const digestOf = (image: string, role: "a" | "b" | "c" | "d"): string =>
  `sha256:${`${image}${role}`.repeat(32)}`;
/** Of each image the index (a), two manifests (b, c) and a config (d). */
const digest = fc
  .tuple(pick(...IMAGES), often("a", "b", "c", "d"))
  .map(([image, role]) => digestOf(image, role));
const manifest = fc.tuple(pick(...IMAGES), pick("b", "c")).map(([image, role]) => digestOf(image, role));
const index = pick(...IMAGES).map((image) => digestOf(image, "a"));
const config = pick(...IMAGES).map((image) => digestOf(image, "d"));

const deployment = fc
  .tuple(often("github", "argocd"), pick("1", "2", "3"))
  .map(([provider, id]) => ({ provider, instance: "here", id }));

/** A source without a clock: its statements happened when they came in (so each delivery has its own time). */
const fromReceipt = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: pick("receipt").map((timeFrom) => ({ timeFrom })) },
);
const said = some({
  actor: pick("octocat", "hubot"),
  url: pick("https://ci.example/1", "https://ci.example/2"),
});

const common = fc.tuple(said, fromReceipt).map(([one, two]) => ({ ...one, ...two }));

const variant = pick("blue", "Blue2", "green");
const named = fc.record(
  { component: componentName, variant, weight: pick(10, 90) },
  { requiredKeys: ["component"] },
);
const component = fc
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

const slot = ({ component, variant }: { component: string; variant?: string }): string =>
  JSON.stringify([component, variant ?? ""]).toLowerCase();
const severalComponents = fc.uniqueArray(component, { minLength: 1, maxLength: 3, selector: slot });
/** What a deployer says that knows nothing of images. */
const bare = pick("main", "Main").map((component) => [{ component }]);
const components = fc.oneof(
  { weight: 3, arbitrary: component.map((one) => [one]) },
  { weight: 3, arbitrary: severalComponents },
  { weight: 2, arbitrary: bare },
);

const scope = often("service", "components");
const configuration = fc.record(
  { repository: forge, revision: pick("r1", "r2"), path: fc.constant("billing.yaml"), digest },
  { requiredKeys: ["revision"] },
);
const deployedCommit = fc.record(
  { sha: shortSha, repository: forge, ref: pick("refs/heads/main") },
  { requiredKeys: ["sha"] },
);
/** The rest of what any deployment says. */
const circumstances = fc
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
        }),
      },
    ),
  )
  .map(([one, two, three]) => ({ ...one, ...two, ...three }));

const effect = fc
  .tuple(fc.record({ occurredAt: moment, environment, service, deployment, components }), circumstances)
  .map(([one, two]) => ({ ...one, ...two }));

/** A start and, some moments later, its end; sometimes only one of them. */
const deploymentPair = fc
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

const act = (saying: fc.Arbitrary<Saying>): fc.Arbitrary<Act> => saying.map((one) => ({ says: [one] }));

const succeeded = effect.map((said): Saying => ({ ...said, kind: "deployment.succeeded" }));
const removed = fc
  .tuple(effect, pick("service", "components", "bare", "environment"))
  .map(([said, how]): Saying => {
    const { scope, components, service, deployment, ...rest } = said;
    const kind = "deployment.removed";
    if (how === "environment") return { ...rest, kind };
    if (how === "bare") return { ...rest, kind, service };
    if (how === "components") return { ...rest, kind, service, deployment, components, scope: "components" };
    return { ...rest, kind, service, components, scope: "service" };
  });
const observed = fc.tuple(effect, fc.boolean()).map(([said, knowsDeployment]): Saying => {
  const { deployment, ...rest } = said;
  return knowsDeployment
    ? { ...said, kind: "deployment.observed" }
    : { ...rest, kind: "deployment.observed" };
});
const task = fc
  .tuple(
    fc.record(
      { occurredAt: moment, environment, deployment, component: componentName, digest, service },
      { requiredKeys: ["occurredAt", "environment", "deployment", "component", "digest"] },
    ),
    common,
  )
  .map(([said, more]): Saying => ({ ...said, ...more, kind: "task.observed" }));

/** Of a deployment all statements together: bare, with its tasks. */
const deploymentWithTasks = fc
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

const pushed = fc
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
/** A push with a tag is what makes tags worth asking. */
const tagged = fc
  .record({ occurredAt: moment, digest, repository, tag })
  .map((said): Saying => ({ ...said, kind: "artifact.pushed" }));
const moved = fc
  .tuple(
    fc.record({ occurredAt: moment, repository, what: pick("manifest", "tag", "unknown") }),
    fc.oneof(fc.record({ digest }), fc.record({ tag }), fc.record({ digest, tag })),
    some({ reason: fc.constant("lifecycle") }),
    often("artifact.deleted", "artifact.restored"),
  )
  .map(([said, what, more, kind]): Saying => ({ ...said, ...what, ...more, kind }));
const manifests = fc.array(
  fc.record(
    {
      digest: fc.oneof({ weight: 8, arbitrary: manifest }, { weight: 1, arbitrary: digest }),
      configDigest: config,
    },
    { requiredKeys: ["digest"] },
  ),
  { minLength: 1, maxLength: 3 },
);
const indexed = fc
  .record({
    occurredAt: moment,
    digest: fc.oneof({ weight: 8, arbitrary: index }, { weight: 1, arbitrary: digest }),
    manifests,
  })
  .map((said): Saying => ({ ...said, kind: "artifact.indexed" }));
/** An image as it should be: its own index, manifests and config. */
const wellIndexed = fc.tuple(moment, pick(...IMAGES)).map(
  ([occurredAt, image]): Saying => ({
    kind: "artifact.indexed",
    occurredAt,
    digest: digestOf(image, "a"),
    manifests: [
      { digest: digestOf(image, "b"), platform: "linux/amd64", configDigest: digestOf(image, "d") },
      { digest: digestOf(image, "c"), platform: "linux/arm64" },
    ],
  }),
);
const built = fc
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
      verified: fc.boolean(),
      requires: pick("2").map((version) => [{ database: "billing", version }]),
    }),
  )
  .map(([said, more, rest]): Saying => ({ ...said, ...more, ...rest, kind: "artifact.built" }));

const described = fc
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

const migrated = fc
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

const row = fc.record(
  { version, appliedAt: moment, checksum: fc.constant("c1") },
  { requiredKeys: ["version"] },
);
const rows = fc.uniqueArray(row, { maxLength: 4, selector: (one) => one.version });
const snapshotOf = fc
  .tuple(
    fc.record({ occurredAt: moment, environment, database, mode: pick("set", "head") }),
    some({ service, tool: pick("flyway", "alembic") }),
  )
  .map(([one, two]) => ({ ...one, ...two, kind: "migration.snapshot" as const }));
const snapshot = fc.tuple(snapshotOf, rows).map(([said, versions]): Saying => ({ ...said, versions }));
/** Two parts of a set of two, or one of them; sets are few, so that parts of several readings meet. */
const snapshotInParts = fc
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
const besides = fc.oneof(
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
    (said): Saying => ({
      ...said,
      kind: "redeployment.requested",
      planHash: "0".repeat(64),
      reason: "rolls back",
    }),
  ),
  fc
    .record({ occurredAt: moment, environment, service, outcome: pick("succeeded", "timed out") })
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
);

const retraction = fc.record({ retracts: fc.nat({ max: 60 }), by: fc.nat({ max: 1 }) });

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: deploymentPair },
  { weight: 3, arbitrary: act(succeeded) },
  { weight: 2, arbitrary: deploymentWithTasks },
  { weight: 3, arbitrary: act(removed) },
  { weight: 5, arbitrary: act(observed) },
  { weight: 3, arbitrary: act(task) },
  { weight: 4, arbitrary: act(tagged) },
  { weight: 2, arbitrary: act(pushed) },
  { weight: 3, arbitrary: act(moved) },
  { weight: 2, arbitrary: act(indexed) },
  { weight: 2, arbitrary: act(wellIndexed) },
  { weight: 4, arbitrary: act(built) },
  { weight: 3, arbitrary: act(described) },
  { weight: 4, arbitrary: act(migrated) },
  { weight: 2, arbitrary: act(snapshot) },
  { weight: 2, arbitrary: snapshotInParts },
  { weight: 1, arbitrary: act(besides) },
  { weight: 2, arbitrary: retraction },
);

const SOURCES = ["/ci", "/cd"] as const;

/** A retraction's id is SHA-256 of its target's identity; RFC 8785 of two strings is what JSON.stringify gives. */
const retractionId = ({ source, id }: Statement): string =>
  createHash("sha256")
    .update(JSON.stringify([source, id]))
    .digest("hex");

/** Numbers the statements: the same id comes from both sources, and they are two. */
function numbered(acts: readonly Act[]): Statement[] {
  const statements: Statement[] = [];
  const targets: Statement[] = [];
  const retractions = new Set<string>();
  for (const act of acts) {
    if ("says" in act) {
      for (const said of act.says) {
        const n = targets.length;
        const statement = Statement.parse({ ...said, source: SOURCES[n % 2], id: String(Math.floor(n / 2)) });
        targets.push(statement);
        statements.push(statement);
      }
      continue;
    }
    const target = targets[act.retracts % Math.max(targets.length, 1)];
    if (target === undefined) continue;
    const source = `/people/${act.by}`;
    const id = retractionId(target);
    if (retractions.has(`${source} ${id}`)) continue;
    retractions.add(`${source} ${id}`);
    statements.push({
      kind: "fact.retracted",
      source,
      id,
      occurredAt: target.occurredAt,
      target: { source: target.source, id: target.id },
      reason: "was wrong",
    });
  }
  return statements;
}

/** Statements, each retraction somewhere after its target, and no two with one identity. */
export const history: fc.Arbitrary<Statement[]> = fc
  .array(anyAct, { minLength: 1, maxLength: 24, size: "max" })
  .map(numbered)
  .filter(({ length }) => length > 0);

/** What came in without a time happened only when it came in. */
const sometimesLater = (at: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(at) }, { weight: 1, arbitrary: pick(time(42 * DAY)) });

/** Names and a moment to ask about; `known` picks a moment of knowledge among those at which facts were recorded. */
export const question = fc.record({
  environment: fc.oneof(
    { weight: 9, arbitrary: environment },
    { weight: 1, arbitrary: pick("PRODUCTION", "nowhere") },
  ),
  service: fc.oneof(
    { weight: 9, arbitrary: service },
    { weight: 1, arbitrary: pick("ACME/WEB", "acme/none") },
  ),
  at: fc
    .tuple(fc.nat({ max: OFFSETS.length - 1 }), pick(0, 0, 0, 1, -1, 10 * SECOND))
    .map(([n, by]) => time((OFFSETS[n] ?? 0) + by))
    .chain(sometimesLater),
  known: fc.option(fc.nat({ max: 99 }), { nil: undefined }),
});
export type Asking = typeof question extends fc.Arbitrary<infer Q> ? Q : never;
