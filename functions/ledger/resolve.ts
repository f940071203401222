/**
 * Which digest a component of a deployment ran: as it was said, as its tasks showed, as its tag pointed, or as
 * its commit was built; in this order. Where that leaves more than one, all are candidates and none is chosen.
 */
import type { Candidate } from "../../schemas/answer.ts";
import type { Component, Fact, FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { type Images, pointsAt } from "./images.ts";
import { commitPrefix } from "./postings.ts";
import { all, early, FEW, history, type Knowledge } from "./read.ts";
import type { Task } from "./tasks.ts";

export type Claim = FactOf<"deployment.succeeded" | "deployment.removed">;
export type Observation = FactOf<"deployment.observed">;

/** What may be asked at one moment: shared by all steps of one question. */
export interface Asking extends Knowledge {
  readonly at: string;
  readonly images: Images;
  /** The service, folded, and the image repositories that it is described with, each once. */
  readonly service: string;
  readonly ownImages: readonly string[];
}

export interface Resolution {
  readonly said: Component;
  readonly by: "digest" | "task" | "tag" | "commit" | "none";
  readonly digest?: string;
  readonly repository?: string;
  readonly candidates: readonly Candidate[];
  /** What it rests on, beside the deployment itself. */
  readonly facts: readonly Fact[];
}

const none = (
  said: Component,
  candidates: readonly Candidate[] = [],
  facts: readonly Fact[] = [],
): Resolution => ({
  said,
  by: "none",
  facts,
  candidates: [...candidates].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
});
const sortKey = ({ digest, repository }: Candidate): string => `${digest} ${repository ?? ""}`;

/** The one digest that all of these are digests of, if they are of one image. */
async function oneImage({ images }: Asking, digests: readonly string[]): Promise<string | undefined> {
  const [smallest, ...others] = [...new Set(digests)].sort();
  if (smallest === undefined) return undefined;
  if (others.length === 0) return smallest;
  const { members } = await images.family(smallest);
  return others.every((digest) => members.has(digest)) ? smallest : undefined;
}

/* Tasks */

async function byTasks(
  asking: Asking,
  said: Component,
  tasks: readonly Task[],
): Promise<Resolution | undefined> {
  const own = tasks.filter((task) => fold(task.component) === fold(said.component));
  const digests = [...new Set(own.map(({ digest }) => digest))];
  if (digests.length === 0) return undefined;
  const digest = await oneImage(asking, digests);
  if (digest !== undefined) return { said, by: "task", digest, candidates: [], facts: own };
  return none(
    said,
    digests.map((one) => ({ digest: one, by: "task" })),
    own,
  );
}

/* Tags */

const MINUTE_MS = 60_000;

/** When a tag was looked at: from the start of a deployment (where known) to its result. */
interface Window {
  readonly start: string;
  readonly end: string;
}

function windowOf(claim: Fact, startedAt: string | undefined): Window {
  const end = claim.occurredAt;
  return { start: startedAt === undefined || startedAt > end ? end : startedAt, end };
}

/** What a tag pointed at over a window: at its start, and everything it was seen at. */
interface Pointing {
  readonly repository: string;
  readonly atStart: string | undefined;
  readonly before: string | undefined;
  readonly after: readonly (string | undefined)[];
  readonly facts: readonly Fact[];
}

/** Manifest deletes of what a tag pointed at: each ends it. */
async function deletesOf({ images }: Asking, repository: string, moves: readonly Fact[]): Promise<Fact[]> {
  const digests = [...new Set(moves.flatMap((fact) => pointsAt(fact) ?? []))];
  const families = await Promise.all(digests.map((digest) => images.family(digest)));
  return families.flatMap(({ digest, facts }) =>
    (facts.get(digest) ?? []).filter(
      (fact) =>
        fact.kind === "artifact.deleted" &&
        fact.what === "manifest" &&
        fact.digest === digest &&
        fact.repository === repository,
    ),
  );
}

async function pointing(
  asking: Asking,
  repository: string,
  tag: string,
  end: string,
  window: Promise<Window>,
): Promise<Pointing> {
  const backwards = history(asking, { of: "tag", repository, tag }, { to: end, descending: true }, FEW);
  // The newest moves are asked for while the deployment's start is still being looked up.
  const newestMove = early(backwards.next());
  const { start } = (await Promise.all([window, newestMove]))[0];
  const before = new Date(Date.parse(start) - MINUTE_MS).toISOString();
  const moves: Fact[] = [];
  for (let move = await newestMove; move.done !== true; move = await backwards.next()) {
    moves.unshift(move.value);
    if (move.value.occurredAt <= before) break;
  }
  const deletes = await deletesOf(asking, repository, moves);
  const at = (time: string): string | undefined => {
    const last = moves.filter((fact) => fact.occurredAt <= time).at(-1);
    const digest = last === undefined ? undefined : pointsAt(last);
    const ended = deletes.some(
      (fact) =>
        last !== undefined &&
        "digest" in fact &&
        fact.digest === digest &&
        order(fact) > order(last) &&
        fact.occurredAt <= time,
    );
    return ended ? undefined : digest;
  };
  const moments = [...moves, ...deletes]
    .map((fact) => fact.occurredAt)
    .filter((time) => time > before && time <= end);
  return { repository, atStart: at(start), before: at(before), after: moments.map(at), facts: moves };
}

async function byTag(
  asking: Asking,
  said: Component,
  end: string,
  window: Promise<Window>,
): Promise<Resolution | undefined> {
  const { tag } = said;
  if (tag === undefined) return undefined;
  const repositories = said.repository === undefined ? asking.ownImages : [said.repository];
  const pointings = await Promise.all(
    repositories.map((repository) => pointing(asking, repository, tag, end, window)),
  );
  const found = pointings.flatMap(({ repository, before, after }) =>
    [...new Set([before, ...after])].flatMap((digest) =>
      digest === undefined ? [] : [{ digest, repository, by: "tag" as const }],
    ),
  );
  const digests = new Set(found.map(({ digest }) => digest));
  const [digest] = digests;
  if (digest === undefined) return undefined;
  const facts = pointings.flatMap((one) => one.facts);
  const named = pointings.filter(({ before, after }) => [before, ...after].includes(digest));
  const still = named.every(({ atStart, after }) => [atStart, ...after].every((one) => one === digest));
  if (digests.size > 1 || !still) return none(said, found, facts);
  // Where several repositories have it under this tag, which one it came from is not known.
  const [only] = named.length === 1 ? named : [];
  return { said, by: "tag", digest, ...(only && { repository: only.repository }), candidates: [], facts };
}

/* Commits */

type Built = FactOf<"artifact.built">;

export const sameCommit = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

async function isPushedInto(
  asking: Asking,
  digest: string,
  repositories: readonly string[],
): Promise<boolean> {
  const { facts } = await asking.images.family(digest);
  return (facts.get(digest) ?? []).some(
    (fact) => fact.kind === "artifact.pushed" && repositories.includes(fact.repository),
  );
}

/** One commit can have forty images: only those in the component's own repository count. */
async function owned(asking: Asking, builds: readonly Built[], own: readonly string[]): Promise<Built[]> {
  const counts = await Promise.all(
    builds.map(({ repository, digest }) =>
      repository === undefined ? isPushedInto(asking, digest, own) : own.includes(repository),
    ),
  );
  return builds.filter((_, n) => counts[n]);
}

/** Where nobody says which repositories are the service's, the builds that name it do. */
const ofService = ({ service }: Asking, builds: readonly Built[]): Built[] =>
  builds.filter((built) => built.service !== undefined && fold(built.service) === service);

const asCandidates = (builds: readonly Built[]): Candidate[] => {
  const candidates = builds.map(({ digest, repository }) => ({
    digest,
    ...(repository === undefined ? {} : { repository }),
    by: "commit" as const,
  }));
  return [...new Map(candidates.map((one) => [sortKey(one), one])).values()];
};

/** The repository that an image of this commit is in, where everything that names one agrees. */
function repositoryOf(said: Component, own: readonly string[], builds: readonly Built[]): string | undefined {
  if (said.repository !== undefined) return said.repository;
  if (own.length === 1) return own[0];
  const named = new Set(builds.flatMap(({ repository }) => repository ?? []));
  return named.size === 1 ? [...named][0] : undefined;
}

/** Builds of the commit that a deployment names, whole or short. */
async function buildsOfCommit(asking: Asking, sha: string | undefined): Promise<Built[]> {
  if (sha === undefined) return [];
  const facts = await all(asking, { of: "commit", prefix: commitPrefix(sha), aspect: "image" });
  return facts
    .filter((fact) => fact.kind === "artifact.built")
    .filter(({ commit }) => sameCommit(commit.sha, sha));
}

async function byCommit(asking: Asking, said: Component, builds: readonly Built[]): Promise<Resolution> {
  const own = said.repository === undefined ? asking.ownImages : [said.repository];
  const counted = own.length === 0 ? ofService(asking, builds) : await owned(asking, builds, own);
  if (counted.length === 0 && own.length > 0) return none(said);
  if (counted.length === 0) {
    const anyones = builds.filter(({ service }) => service === undefined);
    return none(said, asCandidates(anyones), anyones);
  }
  const digest = await oneImage(
    asking,
    counted.map((fact) => fact.digest),
  );
  if (digest === undefined) return none(said, asCandidates(counted), counted);
  const repository = repositoryOf(said, own, counted);
  const known = repository === undefined ? {} : { repository };
  return { said, by: "commit", digest, ...known, candidates: [], facts: counted };
}

/* In order */

/**
 * Resolves a component of a deployment. What can be asked at once is asked at once.
 * @param startedAt when the deployment started, where that was said
 * @param tasks what the deployment's tasks showed
 */
export async function resolveClaimed(
  asking: Asking,
  said: Component,
  claim: Claim,
  startedAt: Promise<string | undefined>,
  tasks: Promise<readonly Task[]>,
): Promise<Resolution> {
  if (said.digest !== undefined)
    return { said, by: "digest", digest: said.digest, candidates: [], facts: [] };
  const window = early(startedAt.then((time) => windowOf(claim, time)));
  const builds = early(buildsOfCommit(asking, claim.commit?.sha));
  const [task, tag] = await Promise.all([
    tasks.then((seen) => byTasks(asking, said, seen)),
    byTag(asking, said, claim.occurredAt, window),
  ]);
  return task ?? tag ?? byCommit(asking, said, await builds);
}

/** Resolves a component of an observation: what was seen is what ran, whatever commit was meant. */
export async function resolveObserved(
  asking: Asking,
  said: Component,
  seen: Observation,
): Promise<Resolution> {
  if (said.digest !== undefined)
    return { said, by: "digest", digest: said.digest, candidates: [], facts: [] };
  const window = Promise.resolve(windowOf(seen, undefined));
  return (await byTag(asking, said, seen.occurredAt, window)) ?? none(said);
}
