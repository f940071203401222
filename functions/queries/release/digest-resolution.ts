/**
 * Digest resolution: which digest a component of a deployment ran. In this order: the digest in the fact, the digests of
 * its tasks, the digest of its tag, the images built from its commit. If a step finds several images, all are candidates
 * and none is chosen.
 */

import type { Candidate } from "../../../schemas/answer.ts";
import type { Component, Fact, ObservedComponent } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { endOf } from "../../ledger/canonical.ts";
import { all, FEW, type KnownAt } from "../../ledger/fact-reader.ts";
import { areSame, type Named, nameAt, namedBy, type Renames } from "../../ledger/names/renames.ts";
import { type Built, buildsOfCommit } from "../images/builds-of-commit.ts";
import { digestsIn, oneImage, pushesProving } from "../images/image-graph.ts";
import { changesOfManifest, manifestOf, movesOf, stateOfTag } from "../images/tag-history.ts";
import type { Question, Selector } from "../question.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { taskDigests, tasksOf } from "./tasks.ts";

/** The context for resolving the components of one service. */
export interface ResolveContext extends Question {
  readonly selector: Selector;
  /** The image repositories that the service is described with. */
  readonly ownImages: readonly Named[];
}

export interface Resolution {
  /** The component as the fact states it. */
  readonly stated: ObservedComponent;
  readonly by: "digest" | "task" | "tag" | "commit" | "none";
  readonly digest?: string;
  /** By its current name, like the repositories of candidates. */
  readonly repository?: string;
  readonly candidates: readonly Candidate[];
  /** The facts that it rests on, besides the deployment itself. */
  readonly facts: readonly Fact[];
  /** What the deployment names, if the tasks of its rollout show another image. */
  readonly contradicts?: Resolution;
}

export const none = (
  stated: ObservedComponent,
  candidates: readonly Candidate[] = [],
  facts: readonly Fact[] = [],
): Resolution => ({
  stated,
  by: "none",
  facts,
  candidates: distinct(candidates).sort(by(sortKey)),
});
const distinct = (candidates: readonly Candidate[]): Candidate[] => [
  ...new Map(candidates.map((one) => [sortKey(one), one])).values(),
];
const sortKey = ({ digest, repository }: Candidate): string => `${digest} ${repository ?? ""}`;

/** Facts of one deployment that are about this service: several services may use the same deployment id. */
export async function factsOfDeployment(
  knowledge: KnownAt,
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

/**
 * The repositories that a component may come from, without duplicates, by their names when the deployment ended. If the
 * service was described only later, by their names at that time.
 */
async function repositoriesOf(context: ResolveContext, stated: Component, claim: Fact): Promise<Named[]> {
  const renames = await context.images.renames();
  const at = claim.occurredAt;
  const named = stated.repository === undefined ? context.ownImages : [namedBy(claim, stated.repository)];
  const then = named.map((one) => (one.at > endOf(at) ? one : { repository: nameAt(renames, one, at), at }));
  return [...new Map(then.map((one) => [one.repository, one])).values()];
}

/* Tasks */

async function byTasks(
  context: ResolveContext,
  stated: Component,
  claim: Claim,
): Promise<Resolution | undefined> {
  if (claim.deployment === undefined) return undefined;
  const deployed = { deployment: claim.deployment, ...context.selector };
  // Prefetch: their images are read in parallel with them.
  context.store.prefetch(async () => {
    for (const digest of await taskDigests(context, deployed))
      context.store.prefetch(() => context.images.family(digest));
  });
  const tasks = await tasksOf(context, deployed, context.at);
  const own = tasks.filter((task) => fold(task.component) === fold(stated.component));
  const digests = [...new Set(own.map(({ digest }) => digest))];
  if (digests.length === 0) return undefined;
  const digest = await oneImage(context.images, digests);
  if (digest !== undefined) return { stated, by: "task", digest, candidates: [], facts: own };
  return none(
    stated,
    digests.map((one) => ({ digest: one, by: "task" })),
    own,
  );
}

/* Tags */

const MINUTE_MS = 60_000;

/** The span in which a tag may have been resolved: from the start of a deployment (if known) to its end. */
interface Window {
  readonly start: string;
  readonly end: string;
}

/** An observation is made at one moment, so its window has no length. */
async function windowOf(context: ResolveContext, stated: Claim | Observation): Promise<Window> {
  const end = stated.occurredAt;
  if (stated.kind === "deployment.observed") return { start: end, end };
  const facts = await factsOfDeployment(context, stated, context.selector, context.at);
  const start = facts.find(({ kind }) => kind === "deployment.started")?.occurredAt ?? end;
  return { start: start < end ? start : end, end };
}

/** What a tag pointed at in a window: at its start, one minute before it, and after each change within. */
interface Pointing {
  readonly repository: Named;
  readonly atStart: string | undefined;
  readonly before: string | undefined;
  readonly after: readonly (string | undefined)[];
  readonly facts: readonly Fact[];
}

/** For each move of a tag the later deletes and restores of its manifest. */
async function changesOf(
  { images }: ResolveContext,
  repository: Named,
  moves: readonly Fact[],
): Promise<Map<Fact, Fact[]>> {
  const renames = await images.renames();
  return new Map(
    await Promise.all(
      moves.map(async (move) => {
        const digest = manifestOf(move);
        const facts = digest === undefined ? [] : ((await images.family(digest)).facts.get(digest) ?? []);
        return [move, changesOfManifest(renames, repository, move, facts)] as const;
      }),
    ),
  );
}

async function pointing(
  context: ResolveContext,
  repository: Named,
  tag: string,
  stated: Claim | Observation,
): Promise<Pointing> {
  const renames = await context.images.renames();
  const backwards = () => movesOf(context, renames, repository, tag, stated.occurredAt, FEW);
  // The newest moves are read in parallel with the start of the deployment.
  const [{ start, end }] = await Promise.all([windowOf(context, stated), backwards().next()]);
  const before = new Date(Date.parse(start) - MINUTE_MS).toISOString();
  const moves: Fact[] = [];
  for await (const move of backwards()) {
    moves.unshift(move);
    if (move.occurredAt <= before) break;
  }
  const changes = await changesOf(context, repository, moves);
  const at = (time: string): string | undefined => {
    const last = moves.findLast((fact) => fact.occurredAt <= time);
    if (last === undefined) return undefined;
    const since = (changes.get(last) ?? []).filter((fact) => fact.occurredAt <= time);
    return stateOfTag(last, since).digest;
  };
  const moments = [...moves, ...[...changes.values()].flat()]
    .map((fact) => fact.occurredAt)
    .filter((time) => time > before && time <= end);
  return { repository, atStart: at(start), before: at(before), after: moments.map(at), facts: moves };
}

async function byTag(
  context: ResolveContext,
  stated: Component,
  by: Claim | Observation,
): Promise<Resolution | undefined> {
  const { tag } = stated;
  if (tag === undefined) return undefined;
  const [renames, repositories] = await Promise.all([
    context.images.renames(),
    repositoriesOf(context, stated, by),
  ]);
  const pointings = await Promise.all(
    repositories.map((repository) => pointing(context, repository, tag, by)),
  );
  const found = pointings.flatMap(({ repository, before, after }) =>
    [...new Set([before, ...after])].flatMap((digest) =>
      digest === undefined ? [] : [{ digest, repository: nameAt(renames, repository), by: "tag" as const }],
    ),
  );
  const digests = new Set(found.map(({ digest }) => digest));
  const [digest] = digests;
  if (digest === undefined) return undefined;
  const facts = pointings.flatMap((one) => one.facts);
  const named = pointings.filter(({ before, after }) => [before, ...after].includes(digest));
  const still = named.every(({ atStart, after }) => [atStart, ...after].every((one) => one === digest));
  if (digests.size > 1 || !still) return none(stated, found, facts);
  // If several repositories have the digest under this tag, the repository is unknown.
  const [only] = named.length === 1 ? named : [];
  const known = only && { repository: nameAt(renames, only.repository) };
  return { stated, by: "tag", digest, ...known, candidates: [], facts };
}

/* Commits */

/**
 * The builds of a component: a commit can have many images, and only those in its own repositories count. A build may
 * say so itself. Otherwise pushes prove it: first for builds that name no repository; if that leaves none, for those that
 * name another one, because an image may be built into one repository and copied to the one that it is deployed from.
 */
async function owned(
  context: ResolveContext,
  builds: readonly Built[],
  own: readonly Named[],
): Promise<Built[]> {
  const renames = await context.images.renames();
  const isOwn = (fact: Fact, repository: string): boolean =>
    own.some((one) => areSame(renames, namedBy(fact, repository), one));
  const isPushed = async ({ digest }: Built): Promise<boolean> =>
    pushesProving(await context.images.family(digest)).some((push) => isOwn(push, push.repository));
  const filtered = async (test: (built: Built) => Promise<boolean>): Promise<Built[]> => {
    const counts = await Promise.all(builds.map(test));
    return builds.filter((_, n) => counts[n]);
  };
  const stated = await filtered(async (built) =>
    built.repository === undefined ? isPushed(built) : isOwn(built, built.repository),
  );
  return stated.length > 0 ? stated : filtered(isPushed);
}

/** The builds that name the service, for a service whose repositories are unknown. */
const ofService = ({ selector: { service } }: ResolveContext, builds: readonly Built[]): Built[] =>
  builds.filter((built) => built.service !== undefined && fold(built.service) === service);

/** The repository that a build names, by its current name. */
function placeOf(renames: Renames, built: Built): { repository?: string } {
  const { repository } = built;
  return repository === undefined ? {} : { repository: nameAt(renames, namedBy(built, repository)) };
}

const asCandidates = (renames: Renames, builds: readonly Built[]): Candidate[] =>
  builds.map((built) => ({ digest: built.digest, ...placeOf(renames, built), by: "commit" }));

/** The repository of an image of this commit, if everything that names one agrees. */
function repositoryOf(
  renames: Renames,
  own: readonly Named[],
  builds: readonly Built[],
): { repository?: string } {
  const [only, ...others] = own;
  if (only !== undefined && others.length === 0) return { repository: nameAt(renames, only) };
  const ours = new Set(own.map((one) => nameAt(renames, one)));
  const isOpen = (repository: string) => ours.size === 0 || ours.has(repository);
  const built = builds.flatMap((one) => placeOf(renames, one).repository ?? []);
  const named = new Set(built.filter(isOpen));
  const [repository] = named;
  return repository === undefined || named.size > 1 ? {} : { repository };
}

/** Builds of the commit that a deployment names. */
const buildsFor = async (context: ResolveContext, { commit }: Claim): Promise<Built[]> =>
  commit === undefined ? [] : buildsOfCommit(context, commit.sha);

async function byCommit(context: ResolveContext, stated: Component, claim: Claim): Promise<Resolution> {
  const [renames, own, built] = await Promise.all([
    context.images.renames(),
    repositoriesOf(context, stated, claim),
    buildsFor(context, claim),
  ]);
  const isOwn = ({ bound, repository = "", service = "" }: Built): boolean =>
    bound !== true ||
    fold(service) === context.selector.service ||
    own.some((one) => nameAt(renames, one) === repository);
  const builds = built.filter(isOwn);
  const counted = own.length === 0 ? ofService(context, builds) : await owned(context, builds, own);
  if (counted.length === 0 && own.length > 0) return none(stated);
  if (counted.length === 0) return none(stated, asCandidates(renames, builds), builds);
  const digest = await oneImage(
    context.images,
    counted.map((fact) => fact.digest),
  );
  if (digest === undefined) return none(stated, asCandidates(renames, counted), counted);
  const known = repositoryOf(renames, own, counted);
  return { stated, by: "commit", digest, ...known, candidates: [], facts: counted };
}

/* In order */

/** Resolves a component of a deployment by what it names and its own tasks. It prefetches what later steps may need. */
export async function resolveClaimed(
  context: ResolveContext,
  stated: Component,
  claim: Claim,
): Promise<Resolution> {
  if (stated.digest !== undefined)
    return { stated, by: "digest", digest: stated.digest, candidates: [], facts: [] };
  context.store.prefetch(() => buildsFor(context, claim));
  const [task, tag] = await Promise.all([byTasks(context, stated, claim), byTag(context, stated, claim)]);
  return task ?? tag ?? byCommit(context, stated, claim);
}

/** Resolves a component of an observation: by digest or tag only, because its commit is not what the runtime showed. */
export async function resolveObserved(
  context: ResolveContext,
  stated: ObservedComponent,
  seen: Observation,
): Promise<Resolution> {
  const digests = digestsIn(stated);
  if (digests.length === 0) return (await byTag(context, stated, seen)) ?? none(stated);
  const digest = await oneImage(context.images, digests);
  if (digest !== undefined) return { stated, by: "digest", digest, candidates: [], facts: [] };
  return none(
    stated,
    digests.map((one) => ({ digest: one, by: "digest" })),
  );
}
