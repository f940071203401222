/** The release: what a service ran in an environment at a moment, and what is needed to run it again. */
import type {
  AppliedMigration,
  KnownCommit,
  Release,
  ReleasedComponent,
  Warning,
} from "../../schemas/answer.ts";
import type { Component, Configuration, Fact, FactOf } from "../../schemas/fact.ts";
import { canonical, order } from "./canonical.ts";
import { databaseState } from "./databases.ts";
import { commitOf, type Family, type Holder, holdersOf, imagesOf } from "./images.ts";
import { fold } from "./postings.ts";
import { all, first, history, type Knowledge, newest } from "./read.ts";
import {
  type Asking,
  type Claim,
  type Observation,
  type Resolution,
  resolveClaimed,
  resolveObserved,
  sameCommit,
  tasksOf,
  withTaskComponents,
} from "./resolve.ts";
import { nextClaim, type Running, runningAt, type Selector, wholes } from "./running.ts";
import type { Name } from "./store.ts";

/** One question: the moment, the knowledge it may rest on, and the ledger's own clock. */
export interface Moment extends Knowledge {
  readonly at: string;
  readonly now: Date;
  /** How long after `knownAt` facts recorded by then may still appear. */
  readonly settleMs: number;
}

export const isSettled = ({ knownAt, now, settleMs }: Moment): boolean =>
  Date.parse(knownAt) <= now.getTime() - settleMs;

type Description = FactOf<"service.described">;

/** What a service is described as: by then or, where nobody had described it yet, the first time after. */
async function describedAt(
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

/** Facts of one deployment that are about this service: an id may stand for the deployments of several. */
async function factsOfDeployment(
  knowledge: Knowledge,
  fact: Fact,
  selector: Selector,
  at: string,
): Promise<Fact[]> {
  if (!("deployment" in fact) || fact.deployment === undefined) return [];
  const facts = await all(knowledge, { of: "deployment", deployment: fact.deployment }, { to: at });
  return facts.filter(
    (one) =>
      "environment" in one &&
      fold(one.environment) === selector.environment &&
      (!("service" in one) || one.service === undefined || fold(one.service) === selector.service),
  );
}

/** A component as it ran: what says so, resolved, with its image's family. */
interface Shown {
  readonly resolution: Resolution;
  readonly by: Claim | Observation;
  readonly family: Family | undefined;
}

async function shownBy(asking: Asking, by: Claim | Observation, resolution: Resolution): Promise<Shown> {
  const family = resolution.digest === undefined ? undefined : await asking.images.family(resolution.digest);
  return { resolution, by, family };
}

async function showClaimed(
  asking: Asking,
  selector: Selector,
  entries: readonly Component[],
  claim: Claim,
): Promise<Shown[]> {
  const unresolved = entries.some(({ digest }) => digest === undefined) ? claim.deployment : undefined;
  const tasks = unresolved === undefined ? Promise.resolve([]) : tasksOf(asking, unresolved);
  const startedAt =
    unresolved === undefined
      ? Promise.resolve(undefined)
      : factsOfDeployment(asking, claim, selector, asking.at).then(
          (facts) => facts.find(({ kind }) => kind === "deployment.started")?.occurredAt,
        );
  const isWhole = claim.components?.length === entries.length;
  const components = isWhole ? withTaskComponents(entries, isBare(entries) ? await tasks : []) : entries;
  return Promise.all(
    components.map(async (said) =>
      shownBy(asking, claim, await resolveClaimed(asking, said, claim, startedAt, tasks)),
    ),
  );
}

/** Only a deployer that names nothing but `main` may have its tasks name the components. */
const isBare = ([only]: readonly Component[]): boolean =>
  only !== undefined && Object.keys(only).length === 1;

const showObserved = (
  asking: Asking,
  observation: Observation,
  decided: ReadonlySet<string>,
): Promise<Shown[]> =>
  Promise.all(
    observation.components
      .filter(({ component }) => decided.has(fold(component)))
      .map(async (said) => shownBy(asking, observation, await resolveObserved(asking, said, observation))),
  );

/* Observation against claim */

const hasDigest = ({ resolution, family }: Shown, digest: string): boolean =>
  family?.members.has(digest) === true || resolution.candidates.some((one) => one.digest === digest);

async function holdsCandidate({ images }: Asking, { resolution }: Shown, digest: string): Promise<boolean> {
  const families = await Promise.all(resolution.candidates.map((one) => images.family(one.digest)));
  return families.some(({ members }) => members.has(digest));
}

/** Whether what was seen of a component is what its claim said: by deployment, by image, or by commit. */
async function agrees(asking: Asking, seen: readonly Shown[], claimed: readonly Shown[]): Promise<boolean> {
  const [claim] = claimed;
  const [observation] = seen;
  if (claim === undefined || observation === undefined) return false;
  const { deployment } = observation.by;
  if (deployment !== undefined && canonical(deployment) === canonical(claim.by.deployment ?? null))
    return true;
  const nothingKnown = claimed.every(
    ({ resolution }) => resolution.digest === undefined && resolution.candidates.length === 0,
  );
  const matches = await Promise.all(
    seen.map(async (one) => {
      const { digest } = one.resolution;
      if (digest === undefined) return false;
      if (nothingKnown) return isBuiltFrom(one, claim.by.commit?.sha);
      const held = claimed.map(
        async (said) => hasDigest(said, digest) || (await holdsCandidate(asking, said, digest)),
      );
      return (await Promise.all(held)).includes(true);
    }),
  );
  return matches.every(Boolean);
}

function isBuiltFrom({ family }: Shown, sha: string | undefined): boolean {
  const commits = family === undefined ? [] : commitOf(family).commits;
  const [only] = commits;
  return sha !== undefined && commits.length === 1 && only !== undefined && sameCommit(only.sha, sha);
}

/** What ran, and how the two streams stand to each other. */
interface Picture {
  readonly shown: readonly Shown[];
  /** Claims that still say something of what runs, newest first. */
  readonly contributing: readonly Claim[];
  readonly agreeing: ReadonlySet<string>;
  readonly drift: Release["drift"];
  /** The observation, where it decides something. */
  readonly observation: Observation | undefined;
}

const digestOf = ({ resolution, family }: Shown): string | null =>
  resolution.digest === undefined ? null : (family?.pullable ?? null);

const listed = (shown: readonly Shown[]) =>
  shown
    .map((one) => ({ component: one.resolution.said.component, digest: digestOf(one) }))
    .sort((a, b) => (`${a.component} ${a.digest ?? ""}` < `${b.component} ${b.digest ?? ""}` ? -1 : 1));

async function pictureOf(asking: Asking, selector: Selector, running: Running): Promise<Picture> {
  const { observation, decided, claimed } = running;
  const [seen, ...groups] = await Promise.all([
    observation === undefined ? [] : showObserved(asking, observation, decided),
    ...[...claimed.values()].map(({ entries, claim }) => showClaimed(asking, selector, entries, claim)),
  ]);
  const names = [...claimed.keys()];
  const claimedShown = new Map(names.map((name, n) => [name, groups[n] ?? []]));
  const seenOf = (name: string) => seen.filter(({ resolution }) => fold(resolution.said.component) === name);
  const agreeing = new Set<string>();
  for (const name of decided) {
    if (await agrees(asking, seenOf(name), claimedShown.get(name) ?? [])) agreeing.add(name);
  }
  const kept = names.filter((name) => !decided.has(name));
  const contributing = names
    .filter((name) => !decided.has(name) || agreeing.has(name))
    .flatMap((name) => claimed.get(name)?.claim ?? []);
  const drifts = decided.size > 0 && running.lastClaim !== undefined && agreeing.size < decided.size;
  return {
    shown: [...kept.flatMap((name) => claimedShown.get(name) ?? []), ...seen],
    contributing: distinct(contributing).sort((a, b) => (order(a) > order(b) ? -1 : 1)),
    agreeing,
    observation: decided.size > 0 ? observation : undefined,
    drift:
      drifts && observation !== undefined
        ? {
            observedAt: observation.occurredAt,
            claimed: listed([...claimedShown.values()].flat()),
            observed: listed(seen),
          }
        : null,
  };
}

const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];

/* Since and until */

/** A component as anything shows it: enough to tell one state of a service from another. */
interface State {
  readonly key: string;
  readonly digest: string | undefined;
  readonly members: ReadonlySet<string>;
}

const stateKey = ({ component, variant }: Component): string =>
  JSON.stringify([fold(component), variant ?? null]);

const statesOf = (shown: readonly Shown[]): State[] =>
  shown.map(({ resolution, family }) => ({
    key: stateKey(resolution.said),
    digest: resolution.digest,
    members: family?.members ?? new Set(),
  }));

/** Whether an observation shows something else than what ran; what is not known is no difference. */
function changes(states: readonly State[], observation: Observation): boolean {
  if (states.length !== observation.components.length) return true;
  return !states.every(({ key, digest, members }) => {
    const same = observation.components.filter((one) => stateKey(one) === key);
    const [only] = same;
    if (only === undefined || same.length !== 1) return false;
    return digest === undefined || only.digest === undefined || members.has(only.digest);
  });
}

async function untilOf(
  asking: Asking,
  selector: Selector,
  running: Running,
  shown: readonly Shown[],
): Promise<string | null> {
  const { environment, service } = selector;
  const claim = await nextClaim(asking, [...wholes(selector), ...running.parts], asking.at);
  const span = { after: asking.at, ...(claim === undefined ? {} : { to: claim.occurredAt }) };
  const states = statesOf(shown);
  for await (const fact of history(asking, { of: "observed", environment, service }, span)) {
    if (claim !== undefined && order(fact) > order(claim)) break;
    if (fact.kind !== "deployment.observed" || fact.scope === "components") continue;
    if (states.length === 0 || changes(states, fact)) return fact.occurredAt;
  }
  return claim?.occurredAt ?? null;
}

/** Two observations show the same, image by image. */
async function showSame({ images }: Asking, a: Observation, b: Observation): Promise<boolean> {
  if (a.components.length !== b.components.length) return false;
  const pairs = a.components.map(async (one) => {
    const other = b.components.find((candidate) => stateKey(candidate) === stateKey(one));
    if (other === undefined) return false;
    if (one.digest === undefined || other.digest === undefined) {
      return one.digest === other.digest && one.tag === other.tag;
    }
    return (await images.family(one.digest)).members.has(other.digest);
  });
  return (await Promise.all(pairs)).every(Boolean);
}

/** When the runtime first showed what it last showed, without a break and since the newest claim. */
async function seenSince(
  asking: Asking,
  selector: Selector,
  seen: Observation,
  floor: Claim | undefined,
): Promise<string> {
  const { environment, service } = selector;
  let since = seen.occurredAt;
  const span = { to: asking.at, descending: true };
  for await (const fact of history(asking, { of: "observed", environment, service }, span)) {
    if (fact.kind !== "deployment.observed" || (floor !== undefined && order(fact) < order(floor))) break;
    if (!(await showSame(asking, seen, fact))) break;
    since = fact.occurredAt;
  }
  return since;
}

/* Components */

interface Described {
  readonly component: ReleasedComponent;
  readonly warnings: readonly Warning[];
}

const claimedCommit = (by: Claim | Observation | undefined): KnownCommit | undefined =>
  by?.commit === undefined ? undefined : { ...by.commit, evidence: "deployment" };

function pickRepository(resolution: Resolution, holders: readonly Holder[]): string | null {
  const named = resolution.repository ?? resolution.said.repository;
  if (named !== undefined) return named;
  return holders.length === 1 ? (holders[0]?.repository ?? null) : null;
}

/** Why an answer is less than exact. */
function doubts(shown: Shown, commits: readonly KnownCommit[], said: KnownCommit | undefined): Warning[] {
  const { resolution, family } = shown;
  const of = `component ${resolution.said.component}`;
  const [only] = commits;
  const warnings: Warning[] = [];
  if (resolution.digest === undefined) {
    const named = resolution.candidates.length;
    const message = `${of} runs an image whose digest cannot be told; ${named} candidates are named`;
    warnings.push({ code: "digest_unresolved", message });
  } else if (family?.pullable === undefined) {
    const message = `${of}: only the config digest ${resolution.digest} is known, and several manifests hold it`;
    warnings.push({ code: "image_not_pullable", message });
  }
  if (commits.length > 1) {
    warnings.push({
      code: "commit_tie",
      message: `${of}: equally strong evidence names ${commits.length} commits`,
    });
  } else if (only !== undefined && said !== undefined && !sameCommit(only.sha, said.sha)) {
    const message = `${of}: built from ${only.sha}, but its deployment names ${said.sha}`;
    warnings.push({ code: "commit_mismatch", message });
  }
  return warnings;
}

/** @param meant the deployment whose commit goes with this image; absent where they disagree */
async function describe(asking: Asking, shown: Shown, meant: Claim | undefined): Promise<Described> {
  const { resolution, by, family } = shown;
  const { said } = resolution;
  const digest = digestOf(shown);
  const [holders, { commits, build }] =
    family === undefined
      ? [[], { commits: [], build: undefined }]
      : [await holdersOf(asking, family), commitOf(family)];
  const own = by.kind === "deployment.observed" ? claimedCommit(by) : undefined;
  const deployed = own ?? claimedCommit(meant);
  const commit = commits.length > 1 ? null : (commits[0] ?? deployed ?? null);
  const repository = pickRepository(resolution, holders);
  const holder = holders.find((one) => one.repository === repository);
  const pushes = holder?.pushes ?? [];
  const tags = pushes.flatMap(({ tag, occurredAt }) =>
    tag === undefined || occurredAt > asking.at ? [] : [tag],
  );
  const availability = holder?.availability ?? "unknown";
  const component: ReleasedComponent = {
    component: said.component,
    ...(said.variant === undefined ? {} : { variant: said.variant }),
    ...(said.weight === undefined ? {} : { weight: said.weight }),
    image: repository !== null && digest !== null ? `${repository}@${digest}` : null,
    digest,
    ...(resolution.digest === undefined || resolution.digest === digest
      ? {}
      : { reported: resolution.digest }),
    repository,
    tags: distinct(tags).sort(),
    resolvedBy: resolution.by,
    candidates: [...resolution.candidates],
    commit,
    commitCandidates: commits.length > 1 ? commits : [],
    build: build?.url === undefined ? null : { url: build.url },
    pushedAt: pushes[0]?.occurredAt ?? null,
    availability,
    heldBy: holders.map((one) => ({ repository: one.repository, availability: one.availability })),
    ...(availability === "deleted" && commit !== null ? { rebuild: rebuildOf(commit, build?.url) } : {}),
  };
  return { component, warnings: doubts(shown, commits, deployed) };
}

const rebuildOf = ({ repository, sha }: KnownCommit, url: string | undefined) => ({
  ...(repository === undefined ? {} : { repository }),
  sha,
  ...(url === undefined ? {} : { url }),
});

/* The rest of the answer */

async function migrationsOf(
  asking: Asking,
  selector: Selector,
  heard: readonly Name[],
  description: Description | undefined,
) {
  const prefix = "database:";
  const known = heard
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ shown }) => shown.slice(prefix.length));
  const databases = description?.databases ?? known;
  if (description?.databases === undefined && known.length === 0)
    return { migrations: "unknown" as const, facts: [] };
  const sorted = [...databases].sort((a, b) => (fold(a) < fold(b) ? -1 : 1));
  const states = await Promise.all(
    sorted.map((database) => databaseState(asking, selector.environment, fold(database), asking.at)),
  );
  const migrations: AppliedMigration[] = states.flatMap((state, n) =>
    state.migrations.map((one) => ({ database: sorted[n] ?? "", ...one })),
  );
  return { migrations, facts: states.flatMap((state) => state.facts) };
}

async function attemptOf(
  asking: Asking,
  selector: Selector,
  started: Fact | undefined,
): Promise<Release["attempt"]> {
  if (started?.kind !== "deployment.started") return null;
  const facts = await factsOfDeployment(asking, started, selector, asking.at);
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

const failureWarnings = (migrations: Release["migrations"]): Warning[] =>
  migrations === "unknown"
    ? []
    : migrations.flatMap(({ database, failed }) =>
        failed === undefined
          ? []
          : [
              {
                code: "migration_failed",
                message: `migration ${failed.version} of ${database} failed at ${failed.at}`,
              },
            ],
      );

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

/** What one question needs before its links are followed. */
export async function askingOf(moment: Moment, service: string) {
  const description = await describedAt(moment, service, moment.at);
  const asking: Asking = { ...moment, images: imagesOf(moment), ownImages: description?.images ?? [] };
  return { asking, description };
}

/**
 * Answers what ran. `undefined`: a name never heard of. Costs at most five sequential round trips at any length
 * of history, two to know which digests ran.
 */
export async function release(moment: Moment, names: Selector): Promise<Release | undefined> {
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  const [running, { asking, description }, started] = await Promise.all([
    runningAt(moment, selector, moment.at),
    askingOf(moment, selector.service),
    newest(moment, { of: "attempt", ...selector }, moment.at),
  ]);
  if (running.heard.length === 0) return undefined;
  const [picture, { migrations, facts }, attempt] = await Promise.all([
    pictureOf(asking, selector, running),
    migrationsOf(asking, selector, running.heard, description),
    attemptOf(asking, selector, started),
  ]);
  const head = headOf(running, picture);
  const status = picture.shown.length > 0 ? "running" : head === undefined ? "unknown" : "removed";
  const [described, until, since] = await Promise.all([
    Promise.all(picture.shown.map((shown) => describe(asking, shown, meantBy(running, picture, shown)))),
    untilOf(asking, selector, running, picture.shown),
    sinceOf(asking, selector, running, picture, head),
  ]);
  const used = [
    head,
    ...picture.contributing,
    picture.observation,
    description,
    attempt === null ? undefined : started,
    ...facts,
  ];
  return {
    ...names,
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
    rollback: head?.rollback === true,
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

const identities = (facts: readonly (Fact | undefined)[]) =>
  distinct(facts.filter((fact) => fact !== undefined)).map(({ source, id }) => ({ source, id }));

/** The claim whose commit an image may carry: its own, or the one that an observation agrees with. */
function meantBy({ claimed }: Running, { agreeing }: Picture, { by, resolution }: Shown): Claim | undefined {
  if (by.kind !== "deployment.observed") return by;
  const name = fold(resolution.said.component);
  return agreeing.has(name) ? claimed.get(name)?.claim : undefined;
}

async function sinceOf(
  asking: Asking,
  selector: Selector,
  running: Running,
  { shown, contributing, observation, drift }: Picture,
  head: Fact | undefined,
): Promise<string | null> {
  if (head === undefined) return null;
  if (shown.length === 0) return head.occurredAt;
  if (observation !== undefined && (drift !== null || contributing.length === 0)) {
    return seenSince(asking, selector, observation, running.lastClaim);
  }
  return contributing[0]?.occurredAt ?? null;
}
