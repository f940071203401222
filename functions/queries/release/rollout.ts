/**
 * Rollouts: what a deployer's tasks show while another sender, such as a CI job, reports a deployment. ECS starts tasks
 * of a deployment of its own, and rolls back by itself, while the job that waits for it may still report success. The
 * newest of these tasks show what really runs, so they decide the digest.
 */

import type { Component, Deployment } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { componentSet } from "../../ledger/access-patterns.ts";
import { canonical } from "../../ledger/canonical.ts";
import { all, backwards, type KnownAt } from "../../ledger/fact-reader.ts";
import { allKnownNames } from "../../ledger/names/directories.ts";
import { namesOf } from "../../ledger/names/directory-names.ts";
import { oneImage } from "../images/image-graph.ts";
import type { Selector } from "../question.ts";
import { none, type Resolution, type ResolveContext, resolveClaimed } from "./digest-resolution.ts";
import { type Claim, isClaim, isPart } from "./effective-deployments.ts";
import { isBare, type Task, tasksOf } from "./tasks.ts";

/** A rollout may end this long after its deployment was reported. */
export const GRACE_MS = 5 * 60_000;
/** A rollout may have begun this long before: so long do jobs wait for a service to become stable. */
const WAIT_MS = 30 * 60_000;

const moved = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();

/** The last moment at which a task may belong to the rollout of a claim. */
export const rolloutEnd = ({ occurredAt }: Claim): string => moved(occurredAt, GRACE_MS);

/** Whether a task was seen about when a claim was rolled out. */
export const mayBeInRollout = (claim: Claim, { occurredAt }: Pick<Task, "occurredAt">): boolean =>
  occurredAt > moved(claim.occurredAt, -WAIT_MS) && occurredAt <= rolloutEnd(claim);

/** The span in which claims may have been reported whose rollout shows what was seen, or reported, at a moment. */
export const claimsAround = (at: string): { from: string; to: string } => ({
  from: moved(at, -GRACE_MS),
  to: moved(at, WAIT_MS),
});

/** Whether a claim says itself which images run, or that none do; a deployer that knows none leaves that to its tasks. */
const isOfImages = ({ kind, components, commit }: Claim): boolean =>
  kind === "deployment.removed" ||
  (components !== undefined && (!isBare(components) || commit !== undefined));

/** A deployment of a deployer that names no images, at some time. */
interface Bare {
  readonly at: string;
  readonly deployment: Deployment;
}

/**
 * What was claimed in the time before a claim: after which moment its own rollout may have begun, and the deployments of
 * deployers that name no images.
 */
async function before(context: ResolveContext, claim: Claim): Promise<{ begin: string; bare: Bare[] }> {
  const earliest = moved(claim.occurredAt, -WAIT_MS);
  const own = { of: "run", ...context.selector } as const;
  const set = { of: "part", ...context.selector, components: componentSet(claim.components ?? []) } as const;
  const claims: Claim[] = [];
  for (const partition of isPart(claim) ? [own, set] : [own])
    for await (const fact of backwards(context, partition, claim.occurredAt)) {
      if (!isClaim(fact) || fact.occurredAt <= earliest) break;
      claims.push(fact);
    }
  // The rollout of the claim before may have ended a little later than it was reported.
  const ends = claims
    .filter((one) => isOfImages(one) && one.occurredAt < claim.occurredAt)
    .map((one) => rolloutEnd(one));
  const [begin = earliest] = [earliest, ...ends].sort().reverse();
  const bare = claims.flatMap((one) =>
    isOfImages(one) || one.components === undefined || one.deployment === undefined || one.occurredAt <= begin
      ? []
      : [{ at: one.occurredAt, deployment: one.deployment }],
  );
  return { begin, bare };
}

/**
 * The tasks, up to the end of a rollout, of the deployment that came last in it: that began to show tasks, or was reported
 * by a deployer that names no images.
 */
async function newestTasks(context: ResolveContext, claim: Claim): Promise<Task[]> {
  const end = rolloutEnd(claim) < context.at ? rolloutEnd(claim) : context.at;
  const { begin, bare } = await before(context, claim);
  const seen = await all(context, { of: "tasks", ...context.selector }, { after: begin, to: end });
  const deployments = [...bare, ...seen].flatMap((one) =>
    "deployment" in one ? (one.deployment ?? []) : [],
  );
  const others = new Map(deployments.map((one) => [canonical(one), one]));
  others.delete(canonical(claim.deployment ?? null));
  const found = await Promise.all(
    [...others].map(async ([key, deployment]) => {
      const tasks = await tasksOf(context, { deployment, ...context.selector }, end);
      const [first = ""] = tasks.map(({ occurredAt }) => occurredAt).sort();
      const reported = bare.filter((one) => canonical(one.deployment) === key).map(({ at }) => at);
      const times = tasks.length === 0 ? [] : [...(first > begin ? [first] : []), ...reported];
      return times.map((at) => ({ at, tasks }));
    }),
  );
  const newest = found
    .flat()
    .map(({ at }) => at)
    .sort()
    .at(-1);
  return found.flat().flatMap(({ at, tasks }) => (at === newest ? tasks : []));
}

/** Those of one component. With a single component on both sides, its name does not matter. */
function tasksOfComponent(
  { components = [] }: Claim,
  { component }: Component,
  tasks: readonly Task[],
): Task[] {
  const own = tasks.filter((task) => fold(task.component) === fold(component));
  const isOne = components.length === 1 && new Set(tasks.map((task) => fold(task.component))).size === 1;
  return own.length === 0 && isOne ? [...tasks] : own;
}

/** Whether any task of a service was known by then: else a rollout costs no request. */
export async function hasTasks(knowledge: KnownAt, { environment, service }: Selector): Promise<boolean> {
  const known = await allKnownNames(knowledge, { of: "service", environment, service });
  return namesOf(known, "tasks").length > 0;
}

/** Whether tasks of other deployments may show what a component of a claim runs. */
function isOpenToTasks({ kind, components = [] }: Claim, { component, variant }: Component): boolean {
  const same = components.filter((one) => fold(one.component) === fold(component));
  return kind === "deployment.succeeded" && variant === undefined && same.length <= 1;
}

/** Whether what a claim names is among these images. */
async function isAmong(
  { images }: ResolveContext,
  { digest, candidates }: Resolution,
  digests: readonly string[],
) {
  const named = digest === undefined ? candidates.map((one) => one.digest) : [digest];
  const families = await Promise.all(named.map((one) => images.family(one)));
  return families.some(({ members }) => digests.some((one) => members.has(one)));
}

/**
 * Resolves a component of a deployment: by what it names unless the tasks of its rollout show another image. Then they
 * decide, and `contradicts` is what the deployment names.
 */
export async function resolveDeployed(
  context: ResolveContext,
  stated: Component,
  claim: Claim,
): Promise<Resolution> {
  const own = await resolveClaimed(context, stated, claim);
  const isByOwnTasks = own.by === "task" || own.candidates.some(({ by }) => by === "task");
  if (
    isByOwnTasks ||
    !isOfImages(claim) ||
    !isOpenToTasks(claim, stated) ||
    !(await hasTasks(context, context.selector))
  )
    return own;
  const tasks = tasksOfComponent(claim, stated, await newestTasks(context, claim));
  const digests = [...new Set(tasks.map(({ digest }) => digest))];
  const isKnown = own.digest !== undefined || own.candidates.length > 0;
  const agrees = isKnown && (await isAmong(context, own, digests));
  if (digests.length === 0 || (agrees && own.digest !== undefined)) return own;
  const digest = await oneImage(context.images, digests);
  const { component } = stated;
  const isContradicted = isKnown && !agrees;
  // Its repository and its tag are those of the image that it names.
  const shown = isContradicted ? { component } : stated;
  const found: Resolution =
    digest === undefined
      ? none(
          shown,
          digests.map((one) => ({ digest: one, by: "task" })),
          tasks,
        )
      : { stated: shown, by: "task", digest, candidates: [], facts: tasks };
  return isContradicted ? { ...found, contradicts: own } : found;
}
