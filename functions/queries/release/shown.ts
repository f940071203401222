/** What a service shows at a moment, without the description of it: enough to follow one image through its releases. */
import { fold } from "../../../schemas/scalars.ts";
import { canonical } from "../../ledger/canonical.ts";
import { EVER, history } from "../../ledger/fact-reader.ts";
import { nameAt } from "../../ledger/renames.ts";
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
  const claims = new Set([...claimsOf(running).map(({ claim }) => claim), running.lastClaim]);
  const tasks = await Promise.all(
    [...claims].map(async (claim) => {
      const isOpen = claim?.components?.some(({ digest }) => digest === undefined) === true;
      if (!isOpen || claim?.deployment === undefined) return [];
      return tasksOf(context, { deployment: claim.deployment, ...context.selector }, EVER);
    }),
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
  // The same name may mean another repository after a rename.
  const imagesOf = (one: Description | undefined): string =>
    canonical(ownImagesOf(one).map((named) => nameAt(renames, named)));
  const partition = { of: "service", service: context.selector.service } as const;
  for await (const fact of history(context, partition, { after: context.at })) {
    const isOther = fact.kind === "service.described" && imagesOf(fact) !== imagesOf(described);
    if (isOther && fact.occurredAt > (described?.occurredAt ?? "")) return [fact.occurredAt];
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
  const { shown, running: counted } = await reconcile(context, running);
  const [until, ...more] = await Promise.all([
    untilOf(context, counted, shown),
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
