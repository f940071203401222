/**
 * The oracle: what the release answer must be, worked out by brute force from an array of facts.
 *
 * It judges the ledger, so it shares no code with it: only the schemas' types. It asks every fact for every
 * rule, is as slow as that, and is meant to be right at sight.
 */
import type { KnownCommit, Release, ReleasedComponent, Warning } from "../schemas/answer.ts";
import type { Deployment, Fact } from "../schemas/fact.ts";
import { type Claim, type Observation, observations, type Removal } from "./oracle/claims.ts";
import { commitFrom, evidenceOf } from "./oracle/commits.ts";
import { configOf } from "./oracle/configuration.ts";
import { imagesSince, together } from "./oracle/image-since.ts";
import { heldBy, pushesOf } from "./oracle/images.ts";
import { type Entry, type Joined, join, releasedDigest } from "./oracle/joined.ts";
import {
  believed,
  byOrder,
  compare,
  description,
  distinct,
  fold,
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
import { attempt, isSkewed } from "./oracle/times.ts";
import { sinceOf, takenOver } from "./oracle/validity.ts";

type Code = Warning["code"];

/** The answer without what rests on the reader: `settled`, the facts read, and the words of the warnings. */
export type Expected = Omit<Release, "settled" | "facts" | "warnings"> & { warnings: Code[] };

export interface Asked {
  readonly environment: string;
  readonly service: string;
  readonly at: string;
  readonly knownAt: string;
}

/** What is known of where a component came from. */
interface Origin {
  readonly commit: KnownCommit | null;
  readonly commitCandidates: KnownCommit[];
  readonly build: { url: string } | null;
  readonly warnings: Code[];
}

function originOf(question: Question, entry: Entry): Origin {
  const { resolved, said } = entry;
  const built =
    resolved.reported === null
      ? []
      : evidenceOf(question.believed, resolved.reported, releasedDigest(question, entry));
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
  const digest = releasedDigest(question, running);
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
  const { claims, look, observation, contradicted, contributing, running } = joined;
  const claim = claims.last;
  if (observation !== undefined && (contradicted !== undefined || claim === undefined)) {
    const later = claims.configurations.filter((fact) => order(fact) > order(observation.fact)).at(-1);
    return later ?? observation.fact;
  }
  if (running.length > 0) return contributing.at(-1);
  return [...(claim === undefined ? [] : [claim]), ...(look === undefined ? [] : [look])]
    .sort(byOrder)
    .at(-1);
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
  rollback: head?.rollback ?? head?.redeployment !== undefined,
});

const MINUTES_MS = 900_000;
const isNear = (a: Fact, b: Fact): boolean =>
  Math.abs(Date.parse(a.occurredAt) - Date.parse(b.occurredAt)) <= MINUTES_MS;

/** One says that a deployment succeeded; within minutes another that it failed, or that something else runs. */
function contradictions(question: Question, joined: Joined): Code[] {
  const { contradicted, observation, claims, running } = joined;
  const byTasks = running
    .filter(({ instead }) => instead !== undefined)
    .map((): Code => "tellers_contradict");
  const look = observation?.fact;
  const isSeen =
    contradicted?.kind === "deployment.succeeded" &&
    look !== undefined &&
    (isNear(look, contradicted) || (look.since !== undefined && look.since < contradicted.occurredAt));
  const claim = claims.last;
  if (claim?.kind !== "deployment.succeeded")
    return [...byTasks, ...(isSeen ? (["tellers_contradict"] as const) : [])];
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
  return [...byTasks, ...[...(isSeen ? [look] : []), ...failed].map((): Code => "tellers_contradict")];
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
  const since = sinceOf(question, joined, head);
  const times = imagesSince(question, joined, since);
  const schemas = migrations(question);
  const described = description(question);
  // A service without images has no digest that could be resolved.
  const isUnresolved = (code: Code) => code !== "digest_unresolved" || described?.images?.length !== 0;
  return {
    ...asked,
    ...told(head),
    status: statusOf(joined),
    since,
    runningSince: together(times),
    until: takenOver(question, joined),
    seenAt: seenAt(question, joined),
    components: components.map(({ component }, n) => ({ ...component, runningSince: times[n] ?? null })),
    migrations: schemas,
    config: configOf(joined),
    owner: described?.owner ?? null,
    contact: described?.contact ?? null,
    attempt: attempt(question, joined.claims.last),
    evidence: evidenceFor(question, [head, ...joined.contributing]),
    drift: joined.drift,
    warnings: [
      ...clusterWarnings(question),
      ...contradictions(question, joined),
      ...components.flatMap(({ warnings }) => warnings).filter(isUnresolved),
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
