/** Reads the images of a service at a moment, without describing them: enough to follow an image through releases. */

import type { Fact, ObservedComponent } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { canonical, order } from "../../ledger/canonical.ts";
import { all, EVER, history, keyOf } from "../../ledger/fact-reader.ts";
import { digestsIn } from "../images/image-graph.ts";
import type { Question, Selector } from "../question.ts";
import { type Description, describedAt, ownImagesOf } from "../service-description.ts";
import { type EffectiveDeployments, effectiveDeploymentsAt, laterObservations } from "./deployment-reader.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type ComponentClaim, isObservation, isPart } from "./effective-deployments.ts";
import { beginOf, reconcile } from "./effective-observation.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { hasTasks, mayBeInRollout, rolloutEnd } from "./rollout.ts";
import { tasksOf } from "./tasks.ts";
import { untilOf } from "./validity.ts";

export interface Shown {
  /** The digests of what ran, as the release names them: those that can be pulled, where they are known. */
  readonly digests: ReadonlySet<string>;
  /**
   * What deployer and runtime call it where that is another digest of the image. One such digest may be part of several
   * images: it names none of them by itself.
   */
  readonly reported: ReadonlySet<string>;
  /** When it may show others: another release takes over, or a task, a description or a look says more about this one. */
  readonly until: string | null;
  /** Whether a fact still counts then: a later deployment may change configuration or other components alone. */
  counts(fact: Fact): boolean;
}

/** The claims in effect, with those of the same moment that say something else. */
const claimsOf = ({ claimed }: EffectiveDeployments): ComponentClaim[] =>
  [...claimed.values()].flatMap((group) => [group, ...(group.rivals ?? [])]);

/** The facts that have effect, whether or not they decide what is shown; of tasks, all of their deployments. */
function countsIn(...states: readonly EffectiveDeployments[]): Shown["counts"] {
  const claims = states.flatMap(claimsOf).map(({ claim }) => claim);
  const facts = states.flatMap((running) => [
    ...claimsOf(running).map(({ claim }) => claim),
    running.lastClaim,
    running.observation,
  ]);
  const keys = new Set(facts.flatMap((fact) => (fact === undefined ? [] : [keyOf(fact)])));
  const deployments = new Set(facts.map((fact) => canonical(fact?.deployment ?? null)));
  // Of looks at one moment that show different images, another may count once a deployment follows.
  const looks = new Set(states.map(({ observation }) => observation?.occurredAt));
  return (fact) => {
    if (fact.kind === "task.observed")
      return deployments.has(canonical(fact.deployment)) || claims.some((one) => mayBeInRollout(one, fact));
    return keys.has(keyOf(fact)) || (isObservation(fact) && looks.has(fact.occurredAt));
  };
}

/** Later tasks of the deployments in effect, and of their rollouts: they may make a digest uncertain, or known. */
async function nextTasks(context: ResolveContext, running: EffectiveDeployments): Promise<string[]> {
  const claims = [...claimsOf(running).map(({ claim }) => claim), running.lastClaim];
  const open = claims.filter((claim) => claim?.components?.some(({ digest }) => digest === undefined));
  const deployments = [...open, running.tasks].flatMap((fact) => fact?.deployment ?? []);
  const distinct = [...new Map(deployments.map((one) => [canonical(one), one])).values()];
  const tasks = await Promise.all(
    distinct.map((deployment) => tasksOf(context, { deployment, ...context.selector }, EVER)),
  );
  return [...tasks, await tasksOfRollouts(context, running)]
    .flatMap((found) => found.map(({ occurredAt }) => occurredAt))
    .filter((time) => time > context.at);
}

/** The later tasks in the rollouts that go on. */
async function tasksOfRollouts(
  { selector, ...context }: ResolveContext,
  running: EffectiveDeployments,
): Promise<Fact[]> {
  const [end = ""] = claimsOf(running)
    .map(({ claim }) => rolloutEnd(claim))
    .sort()
    .reverse();
  if (end <= context.at || !(await hasTasks(context, selector))) return [];
  return all(context, { of: "tasks", ...selector }, { after: context.at, to: end });
}

/** The first later description with other images: an entry that names no repository is resolved by them. */
async function nextDescription(
  context: ResolveContext,
  running: EffectiveDeployments,
  described: Description | undefined,
): Promise<string[]> {
  const entries = [
    ...claimsOf(running).flatMap((one) => one.entries),
    ...(running.observation?.components ?? []),
  ];
  if (entries.every(({ digest, repository }) => digest !== undefined || repository !== undefined)) return [];
  const renames = await context.images.renames();
  const images = canonical(described?.images ?? []);
  const since = described === undefined ? "" : order(described);
  const partition = { of: "service", service: context.selector.service } as const;
  for await (const fact of history(context, partition, { after: context.at })) {
    if (fact.kind !== "service.described" || order(fact) <= since) continue;
    // The same name may mean another repository after a rename.
    const isRenamed = renames.some(({ at }) => since < at && at < order(fact));
    if (isRenamed || canonical(fact.images ?? []) !== images) return [fact.occurredAt];
  }
  return [];
}

/**
 * When the next observation counts that does not end the release, but may leave a component without a digest or report
 * another one: from the time at which what it shows began to run, if that is later than the moment; else from the
 * observation before it on.
 */
async function nextView(
  { selector, ...context }: ResolveContext,
  digests: ReadonlySet<string>,
): Promise<string[]> {
  const isOther = (one: ObservedComponent): boolean =>
    one.digest === undefined ||
    one.digestOf !== undefined ||
    digestsIn(one).some((digest) => !digests.has(digest));
  let looked: string | undefined;
  for await (const look of laterObservations(context, selector, context.at)) {
    if (!isObservation(look)) continue;
    const begin = beginOf(look);
    if (isPart(look) || look.components.some(isOther))
      return [begin > context.at ? begin : (looked ?? look.occurredAt)];
    looked = look.occurredAt;
  }
  return [];
}

function digestsOf(components: readonly ResolvedComponent[]): Pick<Shown, "digests" | "reported"> {
  const named = components.map(({ resolution: { digest }, family }) => family?.pullable ?? digest);
  const reported = components.flatMap(({ resolution: { digest }, seen }) => [
    digest,
    seen?.resolution.digest,
  ]);
  return {
    digests: new Set(named.filter((one) => one !== undefined)),
    reported: new Set(reported.filter((one) => one !== undefined)),
  };
}

/** Cost: two sequential round trips for the digests, as in the release, and one for the end. */
export async function shownAt(question: Question, names: Selector): Promise<Shown> {
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, question.at),
    describedAt(question, selector, question.at),
    question.images.renames(),
  ]);
  const context: ResolveContext = { ...question, selector, ownImages: ownImagesOf(description) };
  const reconciled = await reconcile(context, running);
  const { shown, running: counted } = reconciled;
  const { digests, reported } = digestsOf(shown);
  const [until, ...more] = await Promise.all([
    untilOf(context, reconciled),
    nextView(context, new Set([...digests, ...reported])),
    nextTasks(context, counted),
    nextDescription(context, counted, description),
  ]);
  const [known] = more.flat().sort();
  const isSooner = known !== undefined && (until === null || known < until);
  return {
    digests,
    reported,
    until: isSooner ? known : until,
    counts: countsIn(running, counted),
  };
}
