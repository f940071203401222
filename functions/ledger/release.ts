/** The release: what a service ran in an environment at a moment, and what is needed to run it again. */
import type { AppliedMigration, Release, ReleasedComponent, Warning } from "../../schemas/answer.ts";
import type { Configuration, Fact, FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { canonical, order } from "./canonical.ts";
import { describeComponent } from "./component.ts";
import { databaseState } from "./databases.ts";
import { isRollback } from "./entries.ts";
import { prefetchUntil, sinceOf, untilOf } from "./interval.ts";
import { isSettled, type Moment, questionOf } from "./moment.ts";
import { type Picture, pictureOf, type Shown } from "./picture.ts";
import { first, type Knowledge, keyOf, newest } from "./read.ts";
import { namedBy } from "./renames.ts";
import { type Asking, type Claim, factsOfDeployment, type Observation } from "./resolve.ts";
import { claimsAfter, type Running, runningAt, type Selector } from "./running.ts";
import type { Name } from "./store.ts";

type Description = FactOf<"service.described">;

/** What a service (folded) is described as: by then or, where nobody had described it yet, the first time after. */
export async function describedAt(
  knowledge: Knowledge,
  service: string,
  at: string,
): Promise<Description | undefined> {
  const partition = { of: "service", service } as const;
  const [before, after] = await Promise.all([
    newest(knowledge, partition, at),
    first(knowledge, partition, { after: at }),
  ]);
  const fact = before ?? after;
  return fact?.kind === "service.described" ? fact : undefined;
}

async function migrationsOf(asking: Asking, heard: readonly Name[], description: Description | undefined) {
  const prefix = "database:";
  const known = heard
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ shown }) => shown.slice(prefix.length));
  const databases = description?.databases ?? known;
  if (description?.databases === undefined && known.length === 0)
    return { migrations: "unknown" as const, facts: [] };
  // Names compare without case: a database named twice is one.
  const distinct = new Map(databases.toReversed().map((database) => [fold(database), database]));
  const sorted = [...distinct.values()].sort((a, b) => (fold(a) < fold(b) ? -1 : 1));
  const states = await Promise.all(
    sorted.map((database) => databaseState(asking, asking.selector.environment, fold(database), asking.at)),
  );
  const migrations: AppliedMigration[] = states.flatMap((state, n) =>
    state.migrations.map((one) => ({ database: sorted[n] ?? "", ...one })),
  );
  return { migrations, facts: states.flatMap((state) => state.facts) };
}

async function attemptOf(asking: Asking, started: Fact | undefined): Promise<Release["attempt"]> {
  if (started?.kind !== "deployment.started") return null;
  const facts = await factsOfDeployment(asking, started, asking.selector, asking.at);
  const ended = facts.some(({ kind }) => ENDS.has(kind));
  if (ended) return null;
  const { deployment, occurredAt, actor, url } = started;
  return { deployment, startedAt: occurredAt, by: actor ?? null, url: url ?? null };
}
const ENDS: ReadonlySet<Fact["kind"]> = new Set([
  "deployment.succeeded",
  "deployment.failed",
  "deployment.removed",
]);

function clusterWarning(heard: readonly Name[]): Warning[] {
  const clusters = heard
    .filter(({ name }) => name.startsWith("cluster:"))
    .map(({ shown }) => shown.slice("cluster:".length));
  if (clusters.length < 2) return [];
  const message = `facts of this environment and service name the clusters ${clusters.join(", ")}; an environment is one place`;
  return [{ code: "two_clusters", message }];
}

/** One for each database, however many heads it has. */
function failureWarnings(migrations: Release["migrations"]): Warning[] {
  const all = migrations === "unknown" ? [] : migrations;
  const messages = all.flatMap(({ database, failed }) =>
    failed === undefined ? [] : [`migration ${failed.version} of ${database} failed at ${failed.at}`],
  );
  return [...new Set(messages)].map((message) => ({ code: "migration_failed", message }));
}

const byComponent = (a: ReleasedComponent, b: ReleasedComponent): number =>
  `${fold(a.component)}\n${a.variant ?? ""}` < `${fold(b.component)}\n${b.variant ?? ""}` ? -1 : 1;

/** Which fact gives what a release has only one of: its deployment, its cluster, who deployed it. */
function headOf(running: Running, picture: Picture): Claim | Observation | undefined {
  const { observation, contributing, drift } = picture;
  if (observation !== undefined && (drift !== null || contributing.length === 0)) return observation;
  if (contributing[0] !== undefined) return contributing[0];
  const last = [running.lastClaim, running.observation].filter((fact) => fact !== undefined);
  return last.sort((a, b) => (order(a) > order(b) ? -1 : 1))[0];
}

const configOf = ({ observation, contributing }: Picture): Configuration[] => {
  const all = [...(observation?.config ?? []), ...contributing.flatMap(({ config }) => config ?? [])];
  return [...new Map(all.map((one) => [canonical(one), one])).values()];
};

const ownImagesOf = (description: Description | undefined): Asking["ownImages"] =>
  description?.images?.map((repository) => namedBy(description, repository)) ?? [];

/**
 * Answers what ran. `undefined`: a name never heard of. Costs at most five sequential round trips at any length
 * of history, two to know which digests ran.
 */
export async function release(moment: Moment, names: Selector): Promise<Release | undefined> {
  const question = questionOf(moment);
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  prefetchUntil(question, selector);
  const [running, description, started] = await Promise.all([
    runningAt(question, selector, question.at),
    describedAt(question, selector.service, question.at),
    newest(question, { of: "attempt", ...selector }, question.at),
    question.images.renames(),
  ]);
  if (running.heard.length === 0) return undefined;
  const asking: Asking = { ...question, selector, ownImages: ownImagesOf(description) };
  question.store.prefetch(() => claimsAfter(question, running.parts, question.at));
  const [picture, { migrations, facts }, attempt] = await Promise.all([
    pictureOf(asking, running),
    migrationsOf(asking, running.heard, description),
    attemptOf(asking, started),
  ]);
  const head = headOf(running, picture);
  const status = picture.shown.length > 0 ? "running" : head === undefined ? "unknown" : "removed";
  const [described, until, since] = await Promise.all([
    Promise.all(
      picture.shown.map((shown) => describeComponent(asking, shown, meantBy(running, picture, shown))),
    ),
    untilOf(asking, running, picture.shown),
    sinceOf(asking, running, picture, head),
  ]);
  const used = [
    head,
    ...picture.contributing,
    picture.observation,
    description,
    attempt === null ? undefined : started,
    ...described.flatMap((one) => one.facts),
    ...facts,
  ];
  return {
    environment: head?.environment ?? names.environment,
    service: head?.service ?? names.service,
    group: head?.group ?? null,
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    status,
    since,
    until,
    components: described.map(({ component }) => component).sort(byComponent),
    migrations,
    config: configOf(picture),
    cluster: head?.cluster ?? null,
    namespace: head?.namespace ?? null,
    deployment: head?.deployment ?? null,
    deployedBy: head?.actor ?? null,
    url: head?.url ?? null,
    rollback: isRollback(head),
    owner: description?.owner ?? null,
    contact: description?.contact ?? null,
    attempt,
    drift: picture.drift,
    warnings: [
      ...clusterWarning(running.heard),
      ...described.flatMap(({ warnings }) => warnings),
      ...failureWarnings(migrations),
    ],
    facts: identities(used),
  };
}

const identities = (facts: readonly (Fact | undefined)[]): Release["facts"] => [
  ...new Map(
    facts.flatMap((fact) =>
      fact === undefined ? [] : [[keyOf(fact), { source: fact.source, id: fact.id }]],
    ),
  ).values(),
];

/** The claim whose commit an image may carry: its own, or the one that an observation agrees with. */
function meantBy({ claimed }: Running, { agreeing }: Picture, { by, resolution }: Shown): Claim | undefined {
  if (by.kind !== "deployment.observed") return by;
  const name = fold(resolution.said.component);
  return agreeing.has(name) ? claimed.get(name)?.claim : undefined;
}
