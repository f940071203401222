/** Which digest an entry of a deployment stands for: by digest, by its tasks, by its tag, by its commit. */
import type { Candidate, ReleasedComponent } from "../../schemas/answer.ts";
import type { Component, Deployment, FactOf, ObservedComponent } from "../../schemas/fact.ts";
import { areOneImage, holders, indexesOf, members, pushesOf, windowOf } from "./images.ts";
import {
  compare,
  description,
  distinct,
  fold,
  isHere,
  ofKind,
  type Question,
  sameDeployment,
  until,
} from "./known.ts";
import { areOne, endOf, nameAt, nameNow, type Ref, refOf } from "./names.ts";

export interface Resolved {
  readonly by: ReleasedComponent["resolvedBy"];
  readonly reported: string | null;
  readonly repository?: string;
  readonly candidates: readonly Candidate[];
}

type Deployed = FactOf<"deployment.succeeded" | "deployment.observed">;

const TAG_WINDOW_MS = 60_000;

const nothing: Resolved = { by: "none", reported: null, candidates: [] };

function amongCandidates(candidates: readonly Candidate[]): Resolved {
  const key = ({ digest, repository }: Candidate): string => JSON.stringify([digest, repository ?? ""]);
  const unique = new Map(candidates.map((candidate) => [key(candidate), candidate]));
  const sorted = [...unique.values()].sort(
    (a, b) => compare(a.digest, b.digest) || compare(a.repository ?? "", b.repository ?? ""),
  );
  return { ...nothing, candidates: sorted };
}

/** The repositories that may hold what a service runs, where a deployment names none. */
function imagesOf(question: Question): Ref[] {
  const said = description(question);
  return said === undefined ? [] : (said.images ?? []).map((name) => refOf(said, name));
}

/** As they are called when the deployment ends; of one who named them only later, by those names. Each once. */
function repositoriesOf(question: Question, fact: Deployed, entry: Component): Ref[] {
  const refs = entry.repository === undefined ? imagesOf(question) : [refOf(fact, entry.repository)];
  const point = endOf(fact.occurredAt);
  const then = refs.map(
    (ref): Ref => (ref.point > point ? ref : { name: nameAt(question.believed, ref, point), point }),
  );
  return then.filter(({ name }, n) => then.findIndex((other) => other.name === name) === n);
}

/** The tasks of a deployment that were seen by then, oldest first. */
export const tasksOf = (
  { believed, at, environment, service }: Question,
  deployment: Deployment,
): FactOf<"task.observed">[] =>
  until(ofKind(believed, "task.observed"), at).filter(
    (fact) =>
      sameDeployment(fact.deployment, deployment) &&
      fold(fact.environment) === environment &&
      (fact.service === undefined || fold(fact.service) === service),
  );

function byTasks(question: Question, fact: Deployed, entry: Component): Resolved | undefined {
  if (fact.deployment === undefined) return undefined;
  const digests = distinct(
    tasksOf(question, fact.deployment)
      .filter(({ component }) => fold(component) === fold(entry.component))
      .map(({ digest }) => digest),
  ).sort(compare);
  const [smallest] = digests;
  if (smallest === undefined) return undefined;
  if (areOneImage(question.believed, digests)) return { by: "task", reported: smallest, candidates: [] };
  return amongCandidates(digests.map((digest) => ({ digest, by: "task" })));
}

/** When a deployment looked at its tags: at its start, where that is known. */
function startOf(question: Question, fact: Deployed): string {
  const [start] = until(ofKind(question.believed, "deployment.started"), question.at).filter(
    (started) => isHere(started, question) && sameDeployment(started.deployment, fact.deployment),
  );
  return start === undefined || start.occurredAt > fact.occurredAt ? fact.occurredAt : start.occurredAt;
}

const before = (time: string, ms: number): string => new Date(Date.parse(time) - ms).toISOString();

function byTag(question: Question, fact: Deployed, entry: Component, start: string): Resolved | undefined {
  const { tag } = entry;
  if (tag === undefined) return undefined;
  const windows = repositoriesOf(question, fact, entry)
    .map((repository) =>
      windowOf(question.believed, repository, tag, before(start, TAG_WINDOW_MS), fact.occurredAt),
    )
    .filter(({ initial, later }) => [initial, ...later].some((digest) => digest !== undefined));
  const [only, ...others] = windows;
  if (only === undefined) return undefined;
  const digests = distinct(windows.flatMap(({ initial, later }) => [initial, ...later])).filter(
    (digest) => digest !== undefined,
  );
  const [digest, ...moreDigests] = digests;
  const isSteady = windows.every(
    ({ repository, later }) =>
      windowOf(question.believed, repository, tag, start, start).initial === digest &&
      later.every((state) => state === digest),
  );
  if (digest !== undefined && moreDigests.length === 0 && isSteady) {
    const repository = others.length === 0 ? { repository: nameNow(question.believed, only.repository) } : {};
    return { by: "tag", reported: digest, ...repository, candidates: [] };
  }
  return amongCandidates(
    windows.flatMap(({ repository, initial, later }) =>
      [initial, ...later].flatMap((state): Candidate[] =>
        state === undefined
          ? []
          : [{ digest: state, repository: nameNow(question.believed, repository), by: "tag" }],
      ),
    ),
  );
}

export const isSameCommit = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

function byCommit(question: Question, fact: Deployed, entry: Component): Resolved {
  const { commit } = fact;
  if (commit === undefined) return nothing;
  const built = ofKind(question.believed, "artifact.built").filter((one) =>
    isSameCommit(one.commit.sha, commit.sha),
  );
  const nowOf = (one: (typeof built)[number]): string[] =>
    one.repository === undefined ? [] : [nameNow(question.believed, refOf(one, one.repository))];
  const candidates = (facts: typeof built): Candidate[] =>
    facts.map((one) => {
      const [repository] = nowOf(one);
      return { digest: one.digest, ...(repository === undefined ? {} : { repository }), by: "commit" };
    });
  const own = repositoriesOf(question, fact, entry);
  const named = built.filter(({ service }) => service !== undefined && fold(service) === question.service);
  if (own.length === 0 && named.length === 0) return amongCandidates(candidates(built));
  const isProven = ({ digest }: (typeof built)[number]): boolean =>
    [digest, ...indexesOf(question.believed, digest)].some((one) =>
      own.some((ref) => pushesOf(question.believed, ref, one).length > 0),
    );
  const inOwn = built.filter((one) =>
    one.repository === undefined
      ? isProven(one)
      : own.some((ref) => areOne(question.believed, refOf(one, one.repository ?? ""), ref)),
  );
  const copied = inOwn.length > 0 ? inOwn : built.filter(isProven);
  const counted = own.length === 0 ? named : copied;
  const digests = distinct(counted.map(({ digest }) => digest)).sort(compare);
  const [smallest] = digests;
  if (smallest === undefined) return nothing;
  if (!areOneImage(question.believed, digests)) return amongCandidates(candidates(counted));
  const ownNow = own.map((ref) => nameNow(question.believed, ref));
  const builtInto = counted.flatMap(nowOf).filter((name) => own.length === 0 || ownNow.includes(name));
  const repositories = distinct(own.length === 1 ? ownNow : builtInto);
  const repository = repositories.length === 1 ? repositories[0] : undefined;
  return {
    by: "commit",
    reported: smallest,
    ...(repository === undefined ? {} : { repository }),
    candidates: [],
  };
}

const byDigest = ({ digest }: Component): Resolved | undefined =>
  digest === undefined ? undefined : { by: "digest", reported: digest, candidates: [] };

/** An entry of what a deployer claimed. */
export const resolveClaimed = (
  question: Question,
  fact: FactOf<"deployment.succeeded">,
  entry: Component,
): Resolved =>
  byDigest(entry) ??
  byTasks(question, fact, entry) ??
  byTag(question, fact, entry, startOf(question, fact)) ??
  byCommit(question, fact, entry);

/** The digests that an entry shows. */
export const digestsIn = ({ digest, otherDigests = [] }: ObservedComponent): string[] =>
  digest === undefined ? [] : [digest, ...otherDigests];

/** Several digests of one entry: one image on several platforms, else nobody knows which. */
function byDigests(question: Question, entry: ObservedComponent): Resolved | undefined {
  const digests = digestsIn(entry);
  const [smallest] = digests.toSorted(compare);
  if (smallest === undefined) return undefined;
  return areOneImage(question.believed, digests)
    ? { by: "digest", reported: smallest, candidates: [] }
    : amongCandidates(digests.map((digest) => ({ digest, by: "digest" })));
}

/** An entry of what the runtime showed: no tasks and no commit are asked. */
export const resolveObserved = (
  question: Question,
  fact: FactOf<"deployment.observed">,
  entry: ObservedComponent,
): Resolved => byDigests(question, entry) ?? byTag(question, fact, entry, fact.occurredAt) ?? nothing;

/** The digest of a configuration of which nobody says to which image it belongs. */
export const isOpaque = ({ believed }: Question, { digest, digestOf }: ObservedComponent): boolean =>
  digest !== undefined &&
  digestOf === "configuration" &&
  holders(believed, digest).length === 0 &&
  !ofKind(believed, "artifact.pushed", "artifact.deleted", "artifact.restored", "artifact.built").some(
    (fact) => fact.digest === digest,
  );

/** One of several that claim the same moment: what they say is open, unless they mean one image. */
export function amongRivals(
  named: readonly { resolved: Resolved; repository: string | undefined }[],
): Resolved {
  return amongCandidates(
    named.flatMap(({ resolved, repository }): readonly Candidate[] => {
      if (resolved.reported === null || resolved.by === "none") return resolved.candidates;
      const place = resolved.repository ?? repository;
      return [
        { digest: resolved.reported, ...(place === undefined ? {} : { repository: place }), by: resolved.by },
      ];
    }),
  );
}

/** Every digest that a resolved entry may stand for, with those related to it. */
export const mayBe = (question: Question, { reported, candidates }: Resolved): string[] =>
  [...(reported === null ? [] : [reported]), ...candidates.map(({ digest }) => digest)].flatMap((digest) =>
    members(question.believed, digest),
  );
