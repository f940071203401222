/**
 * Warns about what nobody may have noticed: a deployment that failed halfway, a rollback that a later deployment undid,
 * an older build that overtook a newer one, an image that its registry lost, a migration that the code is said not to
 * run on or that it needs.
 */

import type { Release, Warning } from "../../../schemas/answer.ts";
import type { DeployedCommit, Fact, FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { bareUrl } from "../../../schemas/words/repository-url.ts";
import { byOrder, canonical } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import { isRequestedBack, requestsBack } from "../going-back.ts";
import { buildsOfCommit } from "../images/builds-of-commit.ts";
import { buildsOf, digestsIn, type Family } from "../images/image-graph.ts";
import { requirementsOf } from "../migrations/requirements.ts";
import type { Question, Selector } from "../question.ts";
import { isRollback } from "../timeline/entries.ts";
import { wholeServicePartitions } from "./deployment-reader.ts";
import { type ResolveContext, resolveClaimed } from "./digest-resolution.ts";
import { isClaim, isPart } from "./effective-deployments.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { tasksOf } from "./tasks.ts";

type Deployed = FactOf<"deployment.succeeded">;

/* The claims before */

/** The claims of the whole service before the newest one, newest first; none if that one is not the claim in effect. */
async function* claimsBefore(
  question: Question,
  selector: Selector,
  head: Fact | undefined,
): AsyncGenerator<Deployed> {
  const [own] = wholeServicePartitions(selector);
  let isBefore = false;
  for await (const fact of backwards(question, own, question.at)) {
    if (!isBefore && fact !== head) return;
    if (isBefore && fact.kind === "deployment.succeeded") yield fact;
    isBefore = true;
  }
}

const digestsOf = ({ components = [] }: Deployed): string[] => components.flatMap(digestsIn);

/** Prefetches what shows how old a claim is: its images, or the builds of its commit. */
function prefetchAge(question: Question, claim: Deployed): void {
  const digests = digestsOf(claim);
  for (const digest of digests) question.store.prefetch(() => question.images.family(digest));
  const { sha } = claim.commit ?? {};
  if (digests.length === 0 && sha !== undefined) question.store.prefetch(() => buildsOfCommit(question, sha));
}

/** Prefetches the ages of the two newest claims, which are compared. */
export const prefetchOrder = (question: Question, selector: Selector): void =>
  question.store.prefetch(async () => {
    const [own] = wholeServicePartitions(selector);
    let count = 0;
    for await (const fact of backwards(question, own, question.at)) {
      if (fact.kind === "deployment.succeeded") prefetchAge(question, fact);
      count += 1;
      if (count === 2) break;
    }
  });

/** Whether a claim is of these images or, if it names none, of the commit of the claim that brought them. */
function isSameImage(claim: Deployed, families: readonly Family[], { commit }: Deployed): boolean {
  const digests = digestsOf(claim);
  if (digests.length === 0 && claim.commit !== undefined && commit !== undefined)
    return isSameCommit(claim.commit.sha, commit.sha);
  return digests.length > 0 && digests.every((digest) => families.some(({ members }) => members.has(digest)));
}

const named = ({ deployment, occurredAt, actor }: Deployed): string =>
  `deployment ${deployment.id} of ${occurredAt}${actor === undefined ? "" : `, by ${actor}`}`;

/** The state of a source: when it was committed or, if nobody says so, built. */
interface SourceState {
  readonly repository: string;
  readonly sha: string;
  readonly at: string;
}

function stateBy(build: FactOf<"artifact.built"> | undefined): SourceState | undefined {
  if (build === undefined) return undefined;
  const { repository, sha, committedAt } = build.commit;
  return { repository, sha, at: committedAt ?? build.occurredAt };
}

const ageOf = (family: Family): SourceState | undefined => stateBy(buildsOf(family)[0]);

/** The state that a deployment names by its commit alone. */
async function ageOfCommit(question: Question, commit: DeployedCommit): Promise<SourceState | undefined> {
  const builds = (await buildsOfCommit(question, commit.sha)).sort(byOrder);
  const found = stateBy(builds[0]);
  const repository = commit.repository ?? found?.repository;
  const at = commit.committedAt ?? found?.at;
  return repository === undefined || at === undefined ? undefined : { repository, sha: commit.sha, at };
}

const isOlder = (one: SourceState | undefined, other: SourceState | undefined): boolean =>
  one !== undefined &&
  other !== undefined &&
  bareUrl(one.repository) === bareUrl(other.repository) &&
  !isSameCommit(one.sha, other.sha) &&
  one.at < other.at;

/** Whether an image was built from an older state of the same source than another one. */
export async function isOlderBuild({ images }: Question, digest: string, other: string): Promise<boolean> {
  const [family, of] = await Promise.all([images.family(digest), images.family(other)]);
  if (family.members.has(other)) return false;
  return isOlder(ageOf(family), ageOf(of));
}

/** The same, of an image and a commit. */
export async function isOlderThanCommit(
  question: Question,
  digest: string,
  commit: DeployedCommit,
): Promise<boolean> {
  const [family, age] = await Promise.all([question.images.family(digest), ageOfCommit(question, commit)]);
  return isOlder(ageOf(family), age);
}

/** Whether an operator requested an older build: not every deployer says that it carries out a redeployment. */
async function isAskedFor(
  context: ResolveContext,
  digest: string,
  claim: Deployed,
  before: Deployed,
): Promise<boolean> {
  const requests = await requestsBack(context, context.selector);
  const came = { digests: [digest], at: claim.occurredAt, before: before.occurredAt };
  return isRequestedBack(context, requests, came);
}

/** The image of a deployment that names it by its tag alone, if it is known. */
async function digestByTag(context: ResolveContext, claim: Deployed): Promise<string | undefined> {
  const [only, ...others] = claim.components ?? [];
  if (only?.tag === undefined || others.length > 0) return undefined;
  return (await resolveClaimed(context, only, claim)).digest;
}

/** Prefetches the age of the claim before the newest one where it names a tag alone. */
export const prefetchTagBefore = (context: ResolveContext): void =>
  context.store.prefetch(async () => {
    const [own] = wholeServicePartitions(context.selector);
    let count = 0;
    for await (const fact of backwards(context, own, context.at)) {
      count += 1;
      if (count === 1) continue;
      if (fact.kind === "deployment.succeeded" && digestsOf(fact).length === 0) {
        const digest = await digestByTag(context, fact);
        if (digest !== undefined) await context.images.family(digest);
      }
      break;
    }
  });

/** Whether the newest claim undoes a rollback, or brings an older build than the one before it. */
async function orderWarnings(
  context: ResolveContext,
  head: Fact | undefined,
  shown: readonly ResolvedComponent[],
): Promise<Warning[]> {
  if (head?.kind !== "deployment.succeeded" || isPart(head) || isRollback(head)) return [];
  const before = claimsBefore(context, context.selector, head);
  const { value: last } = await before.next();
  if (last === undefined) return [];
  const families = shown.flatMap(({ family }) => family ?? []);
  if (isRollback(last)) {
    const { value: left } = await before.next();
    if (left !== undefined && isSameImage(left, families, head)) {
      const message = `${named(last)} rolled back from these images, and ${named(head)} brought them again`;
      return [{ code: "rollback_undone", message }];
    }
  }
  const [only, ...others] = shown;
  const [digest, ...more] = digestsOf(last);
  const running = only?.family?.digest;
  if (others.length + more.length > 0 || running === undefined) return [];
  const left = digest ?? (await digestByTag(context, last));
  const isOvertaken =
    left !== undefined
      ? await isOlderBuild(context, running, left)
      : last.commit !== undefined && (await isOlderThanCommit(context, running, last.commit));
  if (!isOvertaken || (await isAskedFor(context, running, head, last))) return [];
  const message = `${named(head)} brought an older build than ${named(last)}, which ran before, and is no rollback`;
  return [{ code: "older_build", message }];
}

/* The attempt */

async function failureWarnings(context: ResolveContext, attempt: Release["attempt"]): Promise<Warning[]> {
  if (attempt?.status !== "failed") return [];
  const { deployment, endedAt, reason, components = [] } = attempt;
  const tasks = await tasksOf(context, { deployment, ...context.selector }, context.at);
  const seen = tasks.map(({ component, digest }) => `${component} runs ${digest}`).sort();
  const names = [...new Set(components.map(({ component }) => component))].join(", ");
  const known = seen.length === 0 ? "no task of it was seen" : `its tasks show that ${seen.join(", ")}`;
  const why = reason === undefined ? "" : ` (${reason})`;
  const what = names === "" ? "its configuration" : names;
  const message = `deployment ${deployment.id} failed at ${endedAt}${why}, and may have changed ${what}: ${known}`;
  return [{ code: "deployment_failed", message }];
}

/* The image, and the schema */

/** @param components of a release that still runs: availability is that of now */
export const lostWarnings = (components: Release["components"]): Warning[] =>
  components
    .filter(({ availability }) => availability === "deleted")
    .map(({ component, image }) => ({
      code: "image_lost",
      message: `component ${component} runs ${image}, which its registry has deleted: it cannot be started elsewhere`,
    }));

/** Migrations since the claim in effect that are said not to run with the code before them. */
function schemaWarnings(
  head: Fact | undefined,
  shown: readonly ResolvedComponent[],
  facts: readonly Fact[],
): Warning[] {
  if (head === undefined || !isClaim(head)) return [];
  return facts.flatMap((fact): Warning[] => {
    if (fact.kind !== "migration.applied" || fact.oldCodeRuns !== false) return [];
    const isOwn = shown.some(({ family }) => fact.image !== undefined && family?.members.has(fact.image));
    if (isOwn || fact.occurredAt <= head.occurredAt) return [];
    const message = `${fact.version} of ${fact.database}, applied at ${fact.occurredAt}, is reported not to run with older code, and this release was deployed before it`;
    return [{ code: "schema_too_new", message }];
  });
}

/** What the images require, and is not applied: a backup was restored, or nobody migrated. */
async function requirementWarnings(
  context: ResolveContext,
  shown: readonly ResolvedComponent[],
): Promise<Warning[]> {
  const all = await Promise.all(
    shown.map(async ({ family, resolution }) => {
      const needed =
        family === undefined ? [] : await requirementsOf(context, context.selector.environment, family);
      return needed
        .filter(({ isApplied }) => isApplied === false)
        .map(({ database, version }): Warning => {
          const { component } = resolution.stated;
          const message = `the image of component ${component} needs ${version} of ${database}, which is not applied`;
          return { code: "schema_too_old", message };
        });
    }),
  );
  return all.flat();
}

interface Unnoticed {
  readonly head: Fact | undefined;
  readonly shown: readonly ResolvedComponent[];
  readonly attempt: Release["attempt"];
  /** The facts that the state of the databases rests on. */
  readonly migrated: readonly Fact[];
  readonly migratesAtStartup: boolean;
}

export async function unnoticedWarnings(
  context: ResolveContext,
  { head, shown, attempt, migrated, migratesAtStartup }: Unnoticed,
): Promise<Warning[]> {
  const [ordered, failed, required] = await Promise.all([
    orderWarnings(context, head, shown),
    failureWarnings(context, attempt),
    migratesAtStartup ? [] : requirementWarnings(context, shown),
  ]);
  const all = [...ordered, ...failed, ...schemaWarnings(head, shown, migrated), ...required];
  return [...new Map(all.map((one) => [canonical(one), one])).values()];
}
