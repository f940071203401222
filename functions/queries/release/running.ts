/** Reads the effective deployments of a service at a moment: the newest fact of each kind, folded. */
import type { Fact } from "../../../schemas/fact.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { byOrder, order } from "../../ledger/canonical.ts";
import { names } from "../../ledger/directories.ts";
import { namesOf } from "../../ledger/directory-names.ts";
import { backwards, first, history, type KnownAt, newest, type Pages } from "../../ledger/fact-reader.ts";
import type { Name, Partition } from "../../ledger/store.ts";
import { type Question, questionOf } from "../question.ts";
import {
  type Claim,
  type Effect,
  type Effective,
  evolve,
  isClaim,
  isEffective,
  isObservation,
  isPart,
  NOTHING,
  type Observation,
  statedEffect,
} from "./effective-deployments.ts";
import { componentsShown, isBare, tasksOf } from "./tasks.ts";
import { tasksAsObservation } from "./unannounced.ts";

export interface Selector {
  readonly environment: string;
  readonly service: string;
}

export interface EffectiveDeployments extends Effective {
  /** Names in the directory of this service in this environment, known by `knownAt`; empty: the service is unknown. */
  readonly known: readonly Name[];
  /** Whether nothing known by then names images: tasks alone may show what runs. */
  readonly isUnreported: boolean;
  /** The partitions of the sets of components that were deployed on their own. */
  readonly parts: readonly Partition[];
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

const latest = (...facts: readonly (Claim | undefined)[]): Claim | undefined =>
  facts
    .filter((fact) => fact !== undefined)
    .sort(byOrder)
    .at(-1);

/** The newest facts of a service up to a time or a sort key. */
interface Newest {
  readonly named: readonly Name[];
  readonly parts: readonly Partition[];
  readonly observation: Observation | undefined;
  /** The newest claim of the whole service, and of everything in its environment. */
  readonly own: Claim | undefined;
  readonly everywhere: Claim | undefined;
  /** The newest claim of each set of components that was deployed on its own. */
  readonly changes: readonly Claim[];
}

/**
 * Reads the newest facts: one round trip, and one more if components were deployed on their own.
 * @param sizes page sizes for observations; the same as in `observations` if earlier ones will be read too
 */
export async function newestOf(
  knowledge: KnownAt,
  selector: Selector,
  at: string,
  sizes?: Pages,
): Promise<Newest> {
  const [ofService, ofAll] = wholeServicePartitions(selector);
  const [named, seen, own, everywhere] = await Promise.all([
    names(knowledge, { of: "service", ...selector }),
    observations(knowledge, selector, at, sizes).next(),
    newest(knowledge, ofService, at),
    newest(knowledge, ofAll, at),
  ]);
  const parts = namesOf(named, "part").map(
    ({ name: components }): Partition => ({ of: "part", ...selector, components }),
  );
  const changes = await Promise.all(parts.map((partition) => newest(knowledge, partition, at)));
  return {
    named,
    parts,
    observation: seen.done !== true && isObservation(seen.value) ? seen.value : undefined,
    own: isClaim(own) ? own : undefined,
    everywhere: isClaim(everywhere) ? everywhere : undefined,
    changes: changes.filter(isClaim),
  };
}

/** Folds effects given in any order. */
export const foldEffects = (effects: readonly Effect[]): Effective =>
  [...effects].sort((a, b) => byOrder(a.fact, b.fact)).reduce(evolve, NOTHING);

/** The effect of a fact. For a deployment of a whole service that names no components, its tasks name them. */
async function effectOf(question: Question, selector: Selector, fact: Claim | Observation): Promise<Effect> {
  const namesNothing = fact.kind === "deployment.succeeded" && !isPart(fact) && isBare(fact.components);
  if (!namesNothing) return statedEffect(fact);
  const tasks = await tasksOf(question, { deployment: fact.deployment, ...selector }, question.at);
  return {
    fact,
    components: componentsShown(fact.components, tasks),
    isSilent: fact.commit === undefined && tasks.length === 0,
  };
}

/** The newest claim of a whole service that names images or a commit. */
async function newestClaimOfImages(question: Question, selector: Selector, everywhere: Claim | undefined) {
  const [own] = wholeServicePartitions(selector);
  for await (const fact of backwards(question, own, question.at)) {
    if (everywhere !== undefined && order(fact) < order(everywhere)) break;
    if (isClaim(fact) && !(await effectOf(question, selector, fact)).isSilent) return fact;
  }
  return everywhere;
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
  const { named, parts, own, everywhere, changes, ...newestSeen } = await newestOf(question, selector, at);
  const whole = latest(own, everywhere);
  const isSilent = whole !== undefined && (await effectOf(question, selector, whole)).isSilent;
  const isUnreported =
    newestSeen.observation === undefined && changes.length === 0 && (whole === undefined || isSilent);
  const observation = isUnreported ? await tasksAsObservation(question, selector) : newestSeen.observation;
  const withImages =
    isSilent && observation !== undefined
      ? await newestClaimOfImages(question, selector, everywhere)
      : undefined;
  const facts = [withImages, whole, observation, ...changes].filter(isEffective);
  const effects = await Promise.all(facts.map((fact) => effectOf(question, selector, fact)));
  const known = named.filter(({ recordedAt }) => recordedAt <= question.knownAt);
  return { ...foldEffects(effects), known, parts, isUnreported };
}

/** The first claim after a moment in each partition. */
export async function claimsAfter(
  knowledge: KnownAt,
  partitions: readonly Partition[],
  at: string,
): Promise<Claim[]> {
  const next = await Promise.all(partitions.map((partition) => first(knowledge, partition, { after: at })));
  return next.filter(isClaim);
}
