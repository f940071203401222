/** Reads the effective deployments of a service at a moment: the newest fact of each kind, folded. */
import type { Fact } from "../../../schemas/fact.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { byOrder, newestFirst, order } from "../../ledger/canonical.ts";
import { backwards, distinct, history, type KnownAt, ONE, type Pages } from "../../ledger/fact-reader.ts";
import { namesOf } from "../../ledger/names/directory-names.ts";
import { allNames } from "../../ledger/names/name-pages.ts";
import type { Name, Partition } from "../../ledger/store.ts";
import { buildsOfCommit } from "../images/builds-of-commit.ts";
import { type Question, questionOf, type Selector } from "../question.ts";
import {
  type Claim,
  type Effect,
  type Effective,
  evolve,
  hasEffect,
  isClaim,
  isObservation,
  isOfDeployment,
  isPart,
  NOTHING,
  type Observation,
  statedEffect,
} from "./effective-deployments.ts";
import { componentsShown, isBare, tasksOf } from "./tasks.ts";
import { tasksAsObservation } from "./unannounced-deployments.ts";

type PartPartition = Extract<Partition, { of: "part" }>;

export interface EffectiveDeployments extends Effective {
  /** Names in the directory of this service in this environment, known by `knownAt`; empty: the service is unknown. */
  readonly known: readonly Name[];
  /** Whether nothing known by then names images: tasks alone may show what runs. */
  readonly isUnreported: boolean;
  /** What they show, as an observation. */
  readonly tasks: Observation | undefined;
  /** The partitions of the sets of components that were deployed on their own. */
  readonly parts: readonly PartPartition[];
  /** The effects of the claims alone. */
  readonly claims: readonly Effect[];
}

/** The partitions of claims of whole services: the service's own, and that of a whole environment. */
export const wholeServicePartitions = ({ environment, service }: Selector): [Partition, Partition] => [
  { of: "run", environment, service },
  { of: "run", environment },
];

/** The observations of a service up to a moment, newest first. */
export const observations = (
  knowledge: KnownAt,
  selector: Selector,
  at: string,
  sizes?: Pages,
): AsyncGenerator<Fact> =>
  history(knowledge, { of: "observed", ...selector }, { to: at, descending: true }, sizes);

/** The observations of a service after a moment, oldest first. */
export const laterObservations = (knowledge: KnownAt, selector: Selector, at: string): AsyncGenerator<Fact> =>
  history(knowledge, { of: "observed", ...selector }, { after: at });

/** The observations of a service after a moment, those of one time together, oldest first. */
export async function* laterLooks(
  knowledge: KnownAt,
  selector: Selector,
  at: string,
): AsyncGenerator<readonly Observation[]> {
  let together: Observation[] = [];
  for await (const look of laterObservations(knowledge, selector, at)) {
    if (!isObservation(look)) continue;
    if (together[0] !== undefined && together[0].occurredAt !== look.occurredAt) {
      yield together;
      together = [];
    }
    together.push(look);
  }
  if (together.length > 0) yield together;
}

/** The observations of the whole service whose state had begun by an earlier moment, the youngest state first. */
export const coveringAmong = (looks: readonly Observation[], at: string): Observation[] =>
  looks.filter((look) => !isPart(look) && look.since !== undefined && look.since <= at).reverse();

/** The newest facts of a service up to a time or a sort key. */
interface Newest {
  readonly named: readonly Name[];
  readonly parts: readonly PartPartition[];
  readonly observation: Observation | undefined;
  /** The newest claims of the whole service, and of everything in its environment, newest first. */
  readonly own: readonly Claim[];
  readonly everywhere: readonly Claim[];
  /** The newest claims of each set of components that was deployed on its own. */
  readonly changes: readonly Claim[];
}

const isOfConfiguration = (claim: Claim): boolean => statedEffect(claim).isConfiguration;

/**
 * The newest claims of a partition, newest first, back to the first whose effect does not depend on earlier ones, and all
 * of its moment, because nobody says which came first. A removal that names a deployment depends on earlier claims, and
 * so does a deployment of configuration alone.
 * @param until a sort key: further back, to one before it
 */
async function newestClaims(
  knowledge: KnownAt,
  partition: Partition,
  at: string,
  until?: string,
): Promise<Claim[]> {
  const claims: Claim[] = [];
  let base: Claim | undefined;
  for await (const fact of backwards(knowledge, partition, at)) {
    if (!isClaim(fact)) continue;
    if (base !== undefined && base.occurredAt !== fact.occurredAt) break;
    claims.push(fact);
    const isOldEnough = until === undefined || order(fact) < until;
    if (base === undefined && isOldEnough && !isOfDeployment(fact) && !isOfConfiguration(fact)) base = fact;
  }
  return claims;
}

/**
 * Reads the newest facts: one round trip (more after ties and removals of superseded deployments), and one more if components were deployed on their own.
 * @param sizes page sizes for observations; the same as in `observations` if earlier ones will be read too
 */
export async function newestOf(
  knowledge: KnownAt,
  selector: Selector,
  at: string,
  sizes?: Pages,
): Promise<Newest> {
  const [ofService, ofAll] = wholeServicePartitions(selector);
  const [named, seen, newestOwn, everywhere] = await Promise.all([
    allNames(knowledge.store, { of: "service", ...selector }),
    observations(knowledge, selector, at, sizes).next(),
    newestClaims(knowledge, ofService, at),
    newestClaims(knowledge, ofAll, at),
  ]);
  const parts = namesOf(named, "part").map(
    ({ name: components }): PartPartition => ({ of: "part", ...selector, components }),
  );
  const newest = await Promise.all(parts.map((partition) => newestClaims(knowledge, partition, at)));
  // A removal of components takes away what ran, unless a deployment of the same moment came before it.
  const tied = newest
    .flat()
    .find((one) => isOfDeployment(one) && newestOwn.some(({ occurredAt }) => occurredAt === one.occurredAt));
  const own = tied === undefined ? newestOwn : await newestClaims(knowledge, ofService, at, tied.occurredAt);
  // Whether a deployment of configuration found anything running depends on the claims before it.
  const configured = [...own, ...newest.flat()].filter(isOfConfiguration).sort(byOrder)[0];
  const changes =
    configured === undefined
      ? newest
      : await Promise.all(
          parts.map((partition) => newestClaims(knowledge, partition, at, order(configured))),
        );
  return {
    named,
    parts,
    observation: seen.done !== true && isObservation(seen.value) ? seen.value : undefined,
    own,
    everywhere,
    changes: changes.flat(),
  };
}

/** Folds effects given in any order. */
export const foldEffects = (effects: readonly Effect[]): Effective =>
  [...effects].sort((a, b) => byOrder(a.fact, b.fact)).reduce(evolve, NOTHING);

/** Whether a fact that names configuration alone shows images elsewhere: by its tasks, or by builds of its commit. */
async function showsImages(question: Question, { components, commit }: Claim, tasks: readonly unknown[]) {
  if (components === undefined) return false;
  if (tasks.length > 0 || commit === undefined) return tasks.length > 0;
  return (await buildsOfCommit(question, commit.sha)).length > 0;
}

/**
 * The effect of a fact. For a deployment of a whole service that names no components, its tasks name them. One that
 * names configuration and no image changes configuration alone, unless its tasks or builds of its commit show images.
 */
async function effectOf(question: Question, selector: Selector, fact: Claim): Promise<Effect> {
  const stated = statedEffect(fact);
  if (fact.kind !== "deployment.succeeded") return stated;
  const isWhole = !isPart(fact) && isBare(stated.components);
  if (!isWhole && !stated.isConfiguration) return stated;
  const tasks = await tasksOf(question, { deployment: fact.deployment, ...selector }, question.at);
  const isConfiguration = stated.isConfiguration && !(await showsImages(question, fact, tasks));
  if (!isWhole) return { ...stated, isConfiguration };
  return {
    fact,
    components: componentsShown(stated.components, tasks),
    isSilent: isConfiguration || (fact.commit === undefined && tasks.length === 0),
    isConfiguration,
  };
}

/** The newest claims of the whole service, back to one that names images or a commit. */
async function claimsWithImages(question: Question, selector: Selector, everywhere: Claim | undefined) {
  const [own] = wholeServicePartitions(selector);
  const claims: Claim[] = [];
  for await (const fact of backwards(question, own, question.at)) {
    if (!isClaim(fact) || (everywhere !== undefined && order(fact) < order(everywhere))) break;
    claims.push(fact);
    if (!isOfDeployment(fact) && !(await effectOf(question, selector, fact)).isSilent) break;
  }
  return claims;
}

/**
 * The effective deployments at a moment. Cost: one round trip for whole services and observations, one more if components
 * were deployed on their own. Only a deployment that names neither components nor digests costs more: for its tasks and,
 * if it has none, for the claim before it. If nothing names images, the tasks cost four.
 */
export async function effectiveDeploymentsAt(
  moment: AsOf,
  selector: Selector,
  at: string,
): Promise<EffectiveDeployments> {
  const question = { ...questionOf(moment), at };
  const [{ named, parts, observation: newest, own, everywhere, changes }, later] = await Promise.all([
    newestOf(question, selector, at),
    laterLooks(question, selector, at).next(),
  ]);
  const [covering] = later.done === true ? [] : coveringAmong(later.value, at);
  const look = covering ?? newest;
  const wholes = [...own, ...everywhere].filter((claim) => !isOfDeployment(claim)).sort(newestFirst);
  const effects = await Promise.all(wholes.map((claim) => effectOf(question, selector, claim)));
  const ofImages = effects.find(({ isConfiguration }) => !isConfiguration);
  const isSilent = ofImages?.isSilent === true;
  const isUnnamed =
    look === undefined && changes.every(isOfDeployment) && (ofImages === undefined || isSilent);
  // A name that nobody reported costs one round trip.
  const isUnreported = named.length > 0 && isUnnamed;
  const tasks = isUnreported ? await tasksAsObservation(question, selector) : undefined;
  const observation = look ?? tasks;
  const earlier =
    isSilent && observation !== undefined ? await claimsWithImages(question, selector, everywhere[0]) : [];
  const facts = distinct([...earlier, ...own, ...everywhere, ...changes]);
  const claims = await Promise.all(facts.map((fact) => effectOf(question, selector, fact)));
  const known = named.filter(({ recordedAt }) => recordedAt <= question.knownAt);
  return seenBy({ ...NOTHING, known, parts, claims, isUnreported, tasks }, observation);
}

/** What runs if just this observation counts; undefined: none. */
export const seenBy = (
  running: EffectiveDeployments,
  observation: Observation | undefined,
): EffectiveDeployments => ({
  ...running,
  ...foldEffects([...running.claims, ...(observation === undefined ? [] : [statedEffect(observation)])]),
});

/** The first claim after a moment in each partition that changes what runs then. */
export async function claimsAfter(
  knowledge: KnownAt,
  partitions: readonly Partition[],
  at: string,
  running: Effective,
): Promise<Claim[]> {
  const next = partitions.map(async (partition) => {
    for await (const fact of history(knowledge, partition, { after: at }, ONE))
      if (isClaim(fact) && hasEffect(running, fact)) return [fact];
    return [];
  });
  return (await Promise.all(next)).flat();
}

/** Prefetches those claims, because the first of a partition nearly always does. */
export const prefetchClaimsAfter = (question: Question, partitions: readonly Partition[], at: string): void =>
  question.store.prefetch(
    ...partitions.map((partition) => () => history(question, partition, { after: at }, ONE).next()),
  );
