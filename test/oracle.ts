/**
 * The oracle: what the release answer must be, worked out by brute force from an array of facts.
 *
 * It judges the ledger, so it shares no code with it: only the schemas' types. It asks every fact for every
 * rule, is as slow as that, and is meant to be right at sight.
 */
import type { KnownCommit, Release, ReleasedComponent, Warning } from "../schemas/answer.ts";
import type { Deployment, Fact } from "../schemas/fact.ts";
import {
  type Claim,
  changesNothing,
  isUnreported,
  type Observation,
  observations,
  orphans,
  type Removal,
  tasksAsLook,
} from "./oracle/claims.ts";
import { commitFrom, evidenceOf } from "./oracle/commits.ts";
import { heldBy, pushesOf } from "./oracle/images.ts";
import { type Entry, isLeftOut, type Joined, join, releasedDigest } from "./oracle/joined.ts";
import {
  believed,
  byOrder,
  compare,
  description,
  distinct,
  fold,
  isEverywhereHere,
  isHeardOf,
  isHere,
  ofKind,
  order,
  type Question,
  recordedBy,
  sameDeployment,
  until,
} from "./oracle/known.ts";
import { migrations } from "./oracle/migrations.ts";
import { NOW } from "./oracle/names.ts";
import { isSameCommit } from "./oracle/resolve.ts";
import { attempt, beginOf, isChange, isSameLook, isSkewed } from "./oracle/times.ts";

type Code = Warning["code"];

/** The answer without what rests on the reader: `settled`, the facts read, and the words of the warnings. */
export type Expected = Omit<Release, "settled" | "facts" | "warnings"> & { warnings: Code[] };

export interface Asked {
  readonly environment: string;
  readonly service: string;
  readonly at: string;
  readonly knownAt: string;
}

const shownBy = ({ entry, resolved }: Entry) => ({
  component: entry.component,
  variant: entry.variant,
  otherDigests: entry.otherDigests,
  digestOf: entry.digestOf,
  reported: resolved.reported,
});

/** What is known of where a component came from. */
interface Origin {
  readonly commit: KnownCommit | null;
  readonly commitCandidates: KnownCommit[];
  readonly build: { url: string } | null;
  readonly warnings: Code[];
}

function originOf(question: Question, { resolved, said }: Entry): Origin {
  const built = resolved.reported === null ? [] : evidenceOf(question.believed, resolved.reported);
  const [only, ...others] = built;
  if (only === undefined) {
    const commit: KnownCommit | null = said === undefined ? null : { ...said, evidence: "deployment" };
    return { commit, commitCandidates: [], build: null, warnings: [] };
  }
  if (others.length > 0) {
    return { commit: null, commitCandidates: built.map(commitFrom), build: null, warnings: ["commit_tie"] };
  }
  return {
    commit: commitFrom(only),
    commitCandidates: [],
    build: only.url === undefined ? null : { url: only.url },
    warnings: said !== undefined && !isSameCommit(said.sha, only.commit.sha) ? ["commit_mismatch"] : [],
  };
}

function repositoryOf(
  { named, resolved }: Entry,
  held: ReleasedComponent["heldBy"],
): ReleasedComponent["repository"] {
  const [holder, ...others] = held;
  const only = others.length === 0 ? holder : undefined;
  return resolved.repository ?? named ?? only?.repository ?? null;
}

function rebuildOf(availability: string, { commit, build }: Origin): Pick<ReleasedComponent, "rebuild"> {
  if (availability !== "deleted" || commit === null) return {};
  const { repository, sha } = commit;
  return { rebuild: { ...(repository === undefined ? {} : { repository }), sha, ...(build ?? {}) } };
}

function warningsOf({ resolved, tie }: Entry, digest: string | null, origin: Origin): Code[] {
  const all: Code[] = [...origin.warnings, ...(tie === undefined ? [] : ["tie" as const])];
  if (resolved.by === "none") return ["digest_unresolved", ...all];
  return digest === null ? ["image_not_pullable", ...all] : all;
}

/** What the runtime reports, else what the deployer reported, if it is another digest than the one to pull. */
function reportedOf({ resolved, seen }: Entry, digest: string | null): Pick<ReleasedComponent, "reported"> {
  const reported = [seen, resolved.reported].find((one) => one != null && one !== digest);
  return reported == null ? {} : { reported };
}

function componentOf(question: Question, running: Entry): { component: ReleasedComponent; warnings: Code[] } {
  const { entry, resolved } = running;
  const digest = releasedDigest(question, resolved);
  const held = heldBy(question.believed, digest);
  const repository = repositoryOf(running, held);
  const pushes =
    digest === null || repository === null
      ? []
      : pushesOf(question.believed, { name: repository, point: NOW }, digest);
  const origin = originOf(question, running);
  const availability = held.find((one) => one.repository === repository)?.availability ?? "unknown";
  const component: ReleasedComponent = {
    component: entry.component,
    ...(entry.variant === undefined ? {} : { variant: entry.variant }),
    ...(entry.weight === undefined ? {} : { weight: entry.weight }),
    image: digest === null || repository === null ? null : `${repository}@${digest}`,
    digest,
    ...reportedOf(running, digest),
    repository,
    tags:
      digest === null && entry.tag !== undefined
        ? [entry.tag]
        : distinct(until(pushes, question.at).flatMap(({ tag }) => tag ?? [])).sort(compare),
    resolvedBy: resolved.by,
    candidates: [...resolved.candidates],
    commit: origin.commit,
    commitCandidates: origin.commitCandidates,
    build: origin.build,
    pushedAt: pushes.find(({ copied }) => copied === undefined)?.occurredAt ?? null,
    availability,
    heldBy: held,
    ...rebuildOf(availability, origin),
  };
  return { component, warnings: warningsOf(running, digest, origin) };
}

/** The statement that the release as a whole is told by. */
function headOf(joined: Joined): Claim | Removal | Observation | undefined {
  const { claims, look, observation, drift, contributing, running } = joined;
  const claim = claims.last;
  if (observation !== undefined && (drift !== null || claim === undefined)) {
    const later = claims.configurations.filter((fact) => order(fact) > order(observation.fact)).at(-1);
    return later ?? observation.fact;
  }
  if (running.length > 0) return contributing.at(-1);
  return [...(claim === undefined ? [] : [claim]), ...(look === undefined ? [] : [look])]
    .sort(byOrder)
    .at(-1);
}

/** The row of looks that show the same as the newest, none of them before the newest claim. */
function rowOf(question: Question, joined: Joined, newest: Observation, claim: string) {
  const isConfigured = (fact: Observation) =>
    isSameSet(configWith(joined, [fact]), configWith(joined, [newest]));
  let oldest = newest;
  for (const fact of observations(question).toReversed()) {
    if (order(fact) < claim) break;
    if (isSameLook(question, fact, newest) && isConfigured(fact)) oldest = fact;
    else if (!isLeftOut(question, fact)) return { oldest, isBroken: true };
  }
  return { oldest, isBroken: false };
}

/** Since when just this runs: the `until` of what ran before. */
function sinceOf(question: Question, joined: Joined, head: Fact | undefined): string | null {
  const { claims, observation, drift, running } = joined;
  const claim = claims.last;
  if (head === undefined) return null;
  if (running.length === 0) return head.occurredAt;
  if (observation === undefined) return claim?.occurredAt ?? null;
  const row = rowOf(question, joined, observation.fact, claim === undefined ? "" : order(claim));
  const since = beginOf(row.oldest);
  if (claim === undefined) return since;
  const isAsClaimed =
    drift === null &&
    !row.isBroken &&
    !isChange(question, joined.said.map(shownBy), row.oldest) &&
    isSameSet(configWith(joined, [row.oldest]), configWith(joined, []));
  return isAsClaimed || claim.occurredAt > since ? claim.occurredAt : since;
}

/** When what runs at `at` was next replaced, removed, or seen to be something else. */
function takenOver(question: Question, joined: Joined): string | null {
  const { running, claims } = joined;
  const { at } = question;
  const later = question.believed.filter(({ occurredAt }) => occurredAt > at);
  const claimed = ofKind(later, "deployment.succeeded", "deployment.removed").find(
    (fact) => (isHere(fact, question) || isEverywhereHere(fact, question)) && !changesNothing(claims, fact),
  );
  const own = tasksAsLook(question)?.deployment;
  const tasked = isUnreported(question)
    ? orphans(question).find(
        (task) => task.occurredAt > at && (own === undefined || !sameDeployment(task.deployment, own)),
      )
    : undefined;
  const [claim] = [claimed, tasked].filter((fact) => fact !== undefined).sort(byOrder);
  const seen = ofKind(later, "deployment.observed").filter(
    (fact) => isHere(fact, question) && fact.scope !== "components",
  );
  for (const fact of seen) {
    const isLate = claim !== undefined && order(fact) > order(claim);
    // The first look after the next claim may know of what ran before that claim.
    if (isLate && beginOf(fact) >= claim.occurredAt) break;
    const isOther =
      isChange(question, running.map(shownBy), fact) ||
      !isSameSet(configOf(joined), configWith(joined, [fact]));
    if (isOther && !isLeftOut(question, fact)) return beginOf(fact) > at ? beginOf(fact) : fact.occurredAt;
    if (isLate) break;
  }
  return claim?.occurredAt ?? null;
}

/** When somebody last looked. */
function seenAt(question: Question, { look }: Joined): string | null {
  const times = [...observations(question), ...(look === undefined ? [] : [look])];
  return (
    times
      .map(({ occurredAt }) => occurredAt)
      .sort(compare)
      .at(-1) ?? null
  );
}

type Configured = Release["config"][number];

const bare = (url: string): string => fold(url.replace(/\/+$/, "").replace(/\.git$/i, ""));
const placeOf = ({ repository, path }: Configured): string =>
  JSON.stringify([repository === undefined ? "" : bare(repository), path ?? ""]);

/** The configuration of all that runs: of each place, what the newest that names it says. */
function configWith({ contributing }: Joined, seen: readonly Observation[]): Configured[] {
  const found: { place: string | undefined; one: Configured }[] = [];
  for (const { config = [], scope } of [...contributing, ...seen].sort(byOrder).reverse()) {
    const before = new Set(found.map(({ place }) => place));
    for (const one of config) {
      const place = placeOf(one);
      const isNamed = one.repository !== undefined || one.path !== undefined;
      const isTwice = found.some((other) =>
        isNamed ? other.place === place : JSON.stringify(other.one) === JSON.stringify(one),
      );
      // Without a place, what was deployed with some components may be of these alone.
      const isOfAll = isNamed || scope !== "components";
      if (!before.has(place) && !isTwice) found.push({ place: isOfAll ? place : undefined, one });
    }
  }
  return found.map(({ one }) => one);
}

const configOf = (joined: Joined): Configured[] =>
  configWith(joined, joined.observation === undefined ? [] : [joined.observation.fact]);

/** Whether two sets of configuration hold the same; equal content is the same at any revision. */
function isSameSet(ones: readonly Configured[], others: readonly Configured[]): boolean {
  const isSame = (a: Configured, b: Configured) =>
    placeOf(a) === placeOf(b) &&
    (a.digest === undefined || b.digest === undefined ? a.revision === b.revision : a.digest === b.digest);
  return (
    ones.every((one) => others.some((other) => isSame(one, other))) &&
    others.every((other) => ones.some((one) => isSame(one, other)))
  );
}

/** A service of one environment runs once; two clusters are two environments. */
function clusterWarnings(question: Question): Code[] {
  const clusters = question.recorded
    .filter((fact) => isHere(fact, question))
    .flatMap((fact) => ("cluster" in fact && fact.cluster !== undefined ? [fold(fact.cluster)] : []));
  return distinct(clusters).length > 1 ? ["two_clusters"] : [];
}

function statusOf({ claims, look, running }: Joined): Release["status"] {
  if (running.length > 0) return "running";
  return claims.last === undefined && look === undefined ? "unknown" : "removed";
}

/** The fields that are told by one statement alone. */
const told = (head: Claim | Removal | Observation | undefined) => ({
  group: head?.group ?? null,
  cluster: head?.cluster ?? null,
  namespace: head?.namespace ?? null,
  deployment: head?.deployment ?? null,
  deployedBy: head?.actor ?? null,
  url: head?.url ?? null,
  rollback: head?.rollback === true || head?.redeployment !== undefined,
});

const MINUTES_MS = 900_000;
const isNear = (a: Fact, b: Fact): boolean =>
  Math.abs(Date.parse(a.occurredAt) - Date.parse(b.occurredAt)) <= MINUTES_MS;

/** One says that a deployment succeeded; within minutes another that it failed, or that something else runs. */
function contradictions(question: Question, { contradicted, observation, claims }: Joined): Code[] {
  const look = observation?.fact;
  const isSeen =
    contradicted?.kind === "deployment.succeeded" &&
    look !== undefined &&
    (isNear(look, contradicted) || (look.since !== undefined && look.since < contradicted.occurredAt));
  const claim = claims.last;
  if (claim?.kind !== "deployment.succeeded") return isSeen ? ["tellers_contradict"] : [];
  const failed = until(ofKind(question.believed, "deployment.failed"), question.at)
    .filter((fact) => isHere(fact, question) && isNear(fact, claim) && fact.source !== claim.source)
    .filter((fact) => !sameDeployment(fact.deployment, claim.deployment))
    .filter(
      ({ commit }) =>
        commit === undefined || claim.commit === undefined || isSameCommit(commit.sha, claim.commit.sha),
    )
    .filter(({ components = [] }) =>
      components.every((one) =>
        (claim.components ?? [])
          .filter(
            (other) =>
              fold(one.component) === fold(other.component) &&
              fold(one.variant ?? "") === fold(other.variant ?? ""),
          )
          .every(({ digest }) => digest === undefined || one.digest === undefined || digest === one.digest),
      ),
    );
  return [...(isSeen ? [look] : []), ...failed].map(() => "tellers_contradict");
}

/** What must be answered about a service; undefined where its name was never heard. */
export function oracleRelease(facts: readonly Fact[], asked: Asked): Expected | undefined {
  const question: Question = {
    environment: fold(asked.environment),
    service: fold(asked.service),
    at: reachOf(asked),
    knownAt: asked.knownAt,
    recorded: recordedBy(facts, asked.knownAt),
    believed: believed(facts, asked.knownAt),
  };
  if (!isHeardOf(question)) return undefined;
  const joined = join(question);
  const head = headOf(joined);
  const components = joined.running.map((entry) => componentOf(question, entry));
  const schemas = migrations(question);
  const described = description(question);
  return {
    ...asked,
    ...told(head),
    status: statusOf(joined),
    since: sinceOf(question, joined, head),
    until: takenOver(question, joined),
    seenAt: seenAt(question, joined),
    components: components.map(({ component }) => component),
    migrations: schemas,
    config: configOf(joined),
    owner: described?.owner ?? null,
    contact: described?.contact ?? null,
    attempt: attempt(question),
    evidence: evidenceFor(question, [head, ...joined.contributing]),
    drift: joined.drift,
    warnings: [
      ...clusterWarnings(question),
      ...contradictions(question, joined),
      ...components.flatMap(({ warnings }) => warnings),
      ...failureWarnings(schemas),
      ...skewWarnings(question, joined),
    ].sort(compare),
  };
}

/** What was attached to the deployments of these facts, whenever, oldest first. */
function evidenceFor(
  { believed }: Question,
  facts: readonly ({ readonly deployment?: Deployment } | undefined)[],
): Release["evidence"] {
  const deployments = facts.flatMap((fact) => fact?.deployment ?? []);
  return ofKind(believed, "evidence.attached")
    .filter(({ deployment }) => deployments.some((one) => sameDeployment(deployment, one)))
    .sort(byOrder)
    .map(({ type, verdict, by, actor, sha256, occurredAt, url, source, id }) => {
      const person = by ?? actor;
      return {
        type,
        ...(verdict === undefined ? {} : { verdict }),
        ...(person === undefined ? {} : { by: person }),
        ...(sha256 === undefined ? {} : { sha256 }),
        at: occurredAt,
        url: url ?? null,
        fact: { source, id },
      };
    });
}

/** What is asked about now is asked about everything known: a clock may be ten minutes ahead. */
const reachOf = ({ at, knownAt }: Asked): string => {
  const ahead = new Date(Date.parse(knownAt) + 600_000).toISOString();
  return at >= knownAt && at < ahead ? ahead : at;
};

const skewWarnings = (question: Question, { claims }: Joined): Code[] => {
  const newest = claims.last;
  const counting = [...claims.groups.values()].map(({ claim }) => claim);
  const current = [...counting, ...(newest === undefined ? [] : [newest])].map(({ source, id }) =>
    question.believed.find((fact) => fact.source === source && fact.id === id),
  );
  return isSkewed(
    question,
    current.filter((fact) => fact !== undefined),
  )
    ? ["clock_skew"]
    : [];
};

/** One for each database, however many heads it has. */
const failureWarnings = (schemas: Release["migrations"]): Code[] =>
  schemas === "unknown"
    ? []
    : distinct(schemas.filter(({ failed }) => failed !== undefined).map(({ database }) => database)).map(
        () => "migration_failed",
      );
