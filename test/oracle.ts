/**
 * The oracle: what the release answer must be, worked out by brute force from an array of facts.
 *
 * It judges the ledger, so it shares no code with it: only the schemas' types. It asks every fact for every
 * rule, is as slow as that, and is meant to be right at sight.
 */
import type { KnownCommit, Release, ReleasedComponent, Warning } from "../schemas/answer.ts";
import type { Component, DeployedCommit, Fact } from "../schemas/fact.ts";
import {
  byComponent,
  type Claim,
  type Claimed,
  claimed,
  newestClaim,
  newestObservation,
  type Observation,
  type Observed,
  observed,
  type Removal,
} from "./oracle/claims.ts";
import { commitFrom, evidenceOf } from "./oracle/commits.ts";
import { heldBy, pullable, pushesOf } from "./oracle/images.ts";
import {
  believed,
  byOrder,
  compare,
  description,
  distinct,
  fold,
  isHeardOf,
  isHere,
  order,
  type Question,
  recordedBy,
  sameDeployment,
  until,
} from "./oracle/known.ts";
import { migrations } from "./oracle/migrations.ts";
import { NOW, nameNow, refOf } from "./oracle/names.ts";
import { isSameCommit, mayBe, type Resolved, resolveClaimed, resolveObserved } from "./oracle/resolve.ts";
import { attempt, isChange, rowOf, takenOver } from "./oracle/times.ts";

type Code = Warning["code"];

/** The answer without what rests on the reader: `settled`, the facts read, and the words of the warnings. */
export type Expected = Omit<Release, "settled" | "facts" | "warnings"> & { warnings: Code[] };

export interface Asked {
  readonly environment: string;
  readonly service: string;
  readonly at: string;
  readonly knownAt: string;
}

/** One entry that runs or is claimed to, and what it was found to be. */
interface Entry {
  readonly entry: Component;
  /** The repository that it names, by its name of now. */
  readonly named: string | undefined;
  readonly resolved: Resolved;
  /** The commit that the deployer named for it. */
  readonly said: DeployedCommit | undefined;
}

/** One component, as claimed and as seen. */
interface Side {
  readonly said: readonly Entry[];
  readonly running: readonly Entry[];
  /** By the observation. */
  readonly isDecided: boolean;
  /** The claim by which it runs, or with which the observation agrees. */
  readonly contributes: Claim | undefined;
}

/** What the newest observation and the claims make of each other. */
interface Joined {
  readonly claims: Claimed;
  readonly observation: Observed | undefined;
  /** What runs. */
  readonly running: readonly Entry[];
  /** What would run if nothing had been observed. */
  readonly said: readonly Entry[];
  /** Claims of which something still runs, oldest first. */
  readonly contributing: readonly Claim[];
  readonly drift: Release["drift"];
}

const resolveGroup = (question: Question, claim: Claim, entries: readonly Component[]): Entry[] =>
  entries.map((entry) => ({
    entry,
    named: namedNow(question, claim, entry),
    resolved: resolveClaimed(question, claim, entry),
    said: claim.commit,
  }));

const resolveSeen = (question: Question, fact: Observation, entries: readonly Component[]): Entry[] =>
  entries.map((entry) => ({
    entry,
    named: namedNow(question, fact, entry),
    resolved: resolveObserved(question, fact, entry),
    said: fact.commit,
  }));

const namedNow = ({ believed }: Question, fact: Fact, { repository }: Component): string | undefined =>
  repository === undefined ? undefined : nameNow(believed, refOf(fact, repository));

/** Whether what is seen of a component is what was claimed of it. */
function doAgree(question: Question, fact: Observation, seen: readonly Entry[], claim: Claim, said: Entry[]) {
  if (sameDeployment(fact.deployment, claim.deployment)) return true;
  const claimedDigests = said.flatMap(({ resolved }) => mayBe(question, resolved));
  const reported = seen.map(({ resolved }) => resolved.reported);
  if (reported.every((digest) => digest !== null && claimedDigests.includes(digest))) return true;
  const { commit } = claim;
  const isNamed = said.some(
    ({ entry: { tag, repository } }) => tag !== undefined || repository !== undefined,
  );
  if (claimedDigests.length === 0 && commit === undefined && !isNamed) return true;
  if (claimedDigests.length > 0 || commit === undefined) return false;
  return reported.every((digest) => {
    const [built, ...others] = digest === null ? [] : evidenceOf(question.believed, digest);
    return built !== undefined && others.length === 0 && isSameCommit(built.commit.sha, commit.sha);
  });
}

function sideOf(question: Question, claims: Claimed, observation: Observed | undefined, name: string): Side {
  const group = claims.groups.get(name);
  const said = group === undefined ? [] : resolveGroup(question, group.claim, group.entries);
  const decided = observation?.decided.get(name);
  if (observation === undefined || decided === undefined) {
    return { said, running: said, isDecided: false, contributes: group?.claim };
  }
  const seen = resolveSeen(question, observation.fact, decided);
  const agrees =
    group !== undefined && seen.length > 0 && doAgree(question, observation.fact, seen, group.claim, said);
  const contributes = agrees ? group.claim : undefined;
  const running = seen.map((entry) => ({ ...entry, said: entry.said ?? contributes?.commit }));
  return { said, running, isDecided: true, contributes };
}

function join(question: Question): Joined {
  const claims = claimed(question);
  const observation = observed(question, claims);
  const names = distinct([...claims.groups.keys(), ...(observation?.decided.keys() ?? [])]);
  const sides = names.map((name) => sideOf(question, claims, observation, name));
  const disagrees = sides.some(({ isDecided, contributes }) => isDecided && contributes === undefined);
  const isDrift = disagrees && newestClaim(claims) !== undefined;
  return {
    claims,
    observation,
    running: sides.flatMap(({ running }) => running).sort((a, b) => byComponent(a.entry, b.entry)),
    said: sides.flatMap(({ said }) => said),
    contributing: distinct(sides.flatMap(({ contributes }) => contributes ?? [])).sort(byOrder),
    drift: isDrift && observation !== undefined ? driftOf(question, observation.fact, sides) : null,
  };
}

/** Only what the observation decides can drift: of the rest it says nothing that still counts. */
function driftOf(question: Question, fact: Observation, sides: readonly Side[]): Release["drift"] {
  const list = (entries: readonly Entry[]) =>
    entries
      .map(({ entry, resolved }) => ({
        component: entry.component,
        digest: releasedDigest(question, resolved),
      }))
      .sort((a, b) => compare(a.component, b.component) || compare(a.digest ?? "", b.digest ?? ""));
  const decided = sides.filter(({ isDecided }) => isDecided);
  return {
    observedAt: fact.occurredAt,
    claimed: list(decided.flatMap(({ said }) => said)),
    observed: list(decided.flatMap(({ running }) => running)),
  };
}

const releasedDigest = ({ believed }: Question, { reported }: Resolved): string | null =>
  reported === null ? null : pullable(believed, reported);

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

function warningsOf({ resolved }: Entry, digest: string | null, origin: Origin): Code[] {
  if (resolved.by === "none") return ["digest_unresolved", ...origin.warnings];
  return digest === null ? ["image_not_pullable", ...origin.warnings] : origin.warnings;
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
    ...(resolved.reported === null || resolved.reported === digest ? {} : { reported: resolved.reported }),
    repository,
    tags: distinct(until(pushes, question.at).flatMap(({ tag }) => tag ?? [])).sort(compare),
    resolvedBy: resolved.by,
    candidates: [...resolved.candidates],
    commit: origin.commit,
    commitCandidates: origin.commitCandidates,
    build: origin.build,
    pushedAt: pushes[0]?.occurredAt ?? null,
    availability,
    heldBy: held,
    ...rebuildOf(availability, origin),
  };
  return { component, warnings: warningsOf(running, digest, origin) };
}

/** The statement that the release as a whole is told by. */
function headOf(question: Question, joined: Joined): Claim | Removal | Observation | undefined {
  const { claims, observation, drift, contributing, running } = joined;
  const claim = newestClaim(claims);
  if (observation !== undefined && (drift !== null || claim === undefined)) return observation.fact;
  if (running.length > 0) return contributing.at(-1);
  const seen = newestObservation(question);
  return [...(claim === undefined ? [] : [claim]), ...(seen === undefined ? [] : [seen])]
    .sort(byOrder)
    .at(-1);
}

const shownBy = ({ entry, resolved }: Entry) => ({ ...entry, reported: resolved.reported });

/** Since when just this runs: the `until` of what ran before. */
function sinceOf(question: Question, joined: Joined, head: Fact | undefined): string | null {
  const { claims, observation, drift, running } = joined;
  const claim = newestClaim(claims);
  if (head === undefined) return null;
  if (running.length === 0) return head.occurredAt;
  if (observation === undefined) return claim?.occurredAt ?? null;
  const row = rowOf(question, observation.fact, claim === undefined ? "" : order(claim));
  const since = row.oldest.occurredAt;
  if (claim === undefined) return since;
  const isAsClaimed =
    drift === null && !row.isBroken && !isChange(question, joined.said.map(shownBy), row.oldest);
  return isAsClaimed || claim.occurredAt > since ? claim.occurredAt : since;
}

/** The configuration of all that still runs, the newest first, each once. */
function configOf({ contributing, observation }: Joined): Release["config"] {
  const all = [
    ...(observation?.fact.config ?? []),
    ...contributing.toReversed().flatMap(({ config }) => config ?? []),
  ];
  const keyed = all.map(
    (one) => [JSON.stringify([one.repository, one.revision, one.path, one.digest]), one] as const,
  );
  return keyed
    .filter(([key], index) => keyed.findIndex(([other]) => other === key) === index)
    .map(([, one]) => one);
}

/** A service of one environment runs once; two clusters are two environments. */
function clusterWarnings(question: Question): Code[] {
  const clusters = question.recorded
    .filter((fact) => isHere(fact, question))
    .flatMap((fact) => ("cluster" in fact && fact.cluster !== undefined ? [fold(fact.cluster)] : []));
  return distinct(clusters).length > 1 ? ["two_clusters"] : [];
}

function statusOf(question: Question, { claims, running }: Joined): Release["status"] {
  if (running.length > 0) return "running";
  return newestClaim(claims) === undefined && newestObservation(question) === undefined
    ? "unknown"
    : "removed";
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

/** What must be answered about a service; undefined where its name was never heard. */
export function oracleRelease(facts: readonly Fact[], asked: Asked): Expected | undefined {
  const question: Question = {
    environment: fold(asked.environment),
    service: fold(asked.service),
    at: asked.at,
    knownAt: asked.knownAt,
    recorded: recordedBy(facts, asked.knownAt),
    believed: believed(facts, asked.knownAt),
  };
  if (!isHeardOf(question)) return undefined;
  const joined = join(question);
  const head = headOf(question, joined);
  const components = joined.running.map((entry) => componentOf(question, entry));
  const schemas = migrations(question);
  const described = description(question);
  return {
    ...asked,
    ...told(head),
    status: statusOf(question, joined),
    since: sinceOf(question, joined, head),
    until: takenOver(question, joined.running.map(shownBy)),
    components: components.map(({ component }) => component),
    migrations: schemas,
    config: configOf(joined),
    owner: described?.owner ?? null,
    contact: described?.contact ?? null,
    attempt: attempt(question),
    drift: joined.drift,
    warnings: [
      ...clusterWarnings(question),
      ...components.flatMap(({ warnings }) => warnings),
      ...failureWarnings(schemas),
    ].sort(compare),
  };
}

/** One for each database, however many heads it has. */
const failureWarnings = (schemas: Release["migrations"]): Code[] =>
  schemas === "unknown"
    ? []
    : distinct(schemas.filter(({ failed }) => failed !== undefined).map(({ database }) => database)).map(
        () => "migration_failed",
      );
