/** What a service shows at a moment, without the description of it: enough to follow one image through its releases. */
import { fold } from "../../../schemas/scalars.ts";
import { canonical, order } from "../../ledger/canonical.ts";
import { EVER, history } from "../../ledger/fact-reader.ts";
import type { Question } from "../question.ts";
import { type Description, describedAt, ownImagesOf } from "../service-description.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type ComponentClaim, isPart } from "./effective-deployments.ts";
import { reconcile } from "./looks.ts";
import { type EffectiveDeployments, effectiveDeploymentsAt, type Selector } from "./running.ts";
import { tasksOf } from "./tasks.ts";
import { untilOf } from "./validity.ts";

export interface Shown {
  /** The digests that it ran, as reported and as they can be pulled. */
  readonly digests: ReadonlySet<string>;
  /** When it may show others: see `cause`. */
  readonly until: string | null;
  /** `release`: another release takes over. `knowledge`: a task, a description or an observation of unknown images says more about this release. */
  readonly cause: "release" | "knowledge";
}

/** The claims in effect, with those of the same moment that say something else. */
const claimsOf = ({ claimed }: EffectiveDeployments): ComponentClaim[] =>
  [...claimed.values()].flatMap((group) => [group, ...(group.rivals ?? [])]);

/** Later tasks of the deployments in effect: they may make a digest uncertain, or known. */
async function nextTasks(context: ResolveContext, running: EffectiveDeployments): Promise<string[]> {
  const claims = [...claimsOf(running).map(({ claim }) => claim), running.lastClaim];
  const open = claims.filter((claim) => claim?.components?.some(({ digest }) => digest === undefined));
  const deployments = [...open, running.tasks].flatMap((fact) => fact?.deployment ?? []);
  const distinct = [...new Map(deployments.map((one) => [canonical(one), one])).values()];
  const tasks = await Promise.all(
    distinct.map((deployment) => tasksOf(context, { deployment, ...context.selector }, EVER)),
  );
  return tasks
    .flatMap((found) => found.map(({ occurredAt }) => occurredAt))
    .filter((time) => time > context.at);
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

/** The first later observation that does not end a release, but may leave a component of it without a digest. */
async function nextVague({ selector, ...context }: ResolveContext): Promise<string[]> {
  for await (const fact of history(context, { of: "observed", ...selector }, { after: context.at })) {
    if (fact.kind !== "deployment.observed") continue;
    if (isPart(fact) || fact.components.some(({ digest }) => digest === undefined)) return [fact.occurredAt];
  }
  return [];
}

/** Cost: two sequential round trips for the digests, as in the release, and one for the end. */
export async function shownAt(question: Question, names: Selector): Promise<Shown> {
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, question.at),
    describedAt(question, selector.service, question.at),
    question.images.renames(),
  ]);
  const context: ResolveContext = { ...question, selector, ownImages: ownImagesOf(description) };
  const reconciled = await reconcile(context, running);
  const { shown, running: counted } = reconciled;
  const [until, ...more] = await Promise.all([
    untilOf(context, reconciled),
    nextVague(context),
    nextTasks(context, counted),
    nextDescription(context, counted, description),
  ]);
  const digests = shown.flatMap(({ resolution: { digest }, family }) => [digest, family?.pullable]);
  const [known] = more.flat().sort();
  const isSooner = known !== undefined && (until === null || known < until);
  return {
    digests: new Set(digests.filter((one) => one !== undefined)),
    until: isSooner ? known : until,
    cause: isSooner ? "knowledge" : "release",
  };
}
