/** What took effect by a moment: the newest facts of each kind of a service, and what they come to. */
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

export interface Selector {
  readonly environment: string;
  readonly service: string;
}

export interface EffectiveDeployments extends Effective {
  /** What is known by name of this service in this environment; empty: it was never heard of. */
  readonly heard: readonly Name[];
  readonly parts: readonly Partition[];
}

/** Partitions of whole releases: the service's own, and that of removals of a whole environment. */
export const wholeServicePartitions = ({ environment, service }: Selector): [Partition, Partition] => [
  { of: "run", environment, service },
  { of: "run", environment },
];

/** What was observed of a service up to a moment, newest first. */
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

/** The newest facts of a service by a moment or an order. */
interface Newest {
  readonly named: readonly Name[];
  readonly parts: readonly Partition[];
  readonly observation: Observation | undefined;
  /** Of a whole service, and of everything in its environment. */
  readonly own: Claim | undefined;
  readonly everywhere: Claim | undefined;
  /** Of each set of components that was deployed by itself. */
  readonly changes: readonly Claim[];
}

/**
 * One round trip, and one more where components were deployed by themselves.
 * @param sizes of the pages of observations: as for `observations`, where those before the newest will be read too
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

/** What these effects come to, in whatever order they are given. */
export const foldEffects = (effects: readonly Effect[]): Effective =>
  [...effects].sort((a, b) => byOrder(a.fact, b.fact)).reduce(evolve, NOTHING);

/** What a fact says of components: one of a whole service that names nothing is asked what its tasks named. */
async function effectOf(question: Question, selector: Selector, fact: Claim | Observation): Promise<Effect> {
  const isUntold = fact.kind === "deployment.succeeded" && !isPart(fact) && isBare(fact.components);
  if (!isUntold) return statedEffect(fact);
  const tasks = await tasksOf(question, { deployment: fact.deployment, ...selector }, question.at);
  return {
    fact,
    components: componentsShown(fact.components, tasks),
    isSilent: fact.commit === undefined && tasks.length === 0,
  };
}

/** The newest claim of a whole service that says something of images. */
async function newestClaimOfImages(question: Question, selector: Selector, everywhere: Claim | undefined) {
  const [own] = wholeServicePartitions(selector);
  for await (const fact of backwards(question, own, question.at)) {
    if (everywhere !== undefined && order(fact) < order(everywhere)) break;
    if (isClaim(fact) && !(await effectOf(question, selector, fact)).isSilent) return fact;
  }
  return everywhere;
}

/**
 * One round trip for whole releases and observations, one more where components were deployed by themselves.
 * Only a deployment that names neither components nor digests is asked further: for its tasks and, where it has
 * none, for the claim before it.
 */
export async function effectiveDeploymentsAt(
  moment: AsOf,
  selector: Selector,
  at: string,
): Promise<EffectiveDeployments> {
  const question = { ...questionOf(moment), at };
  const { named, parts, observation, own, everywhere, changes } = await newestOf(question, selector, at);
  const whole = latest(own, everywhere);
  const isSilent = whole !== undefined && (await effectOf(question, selector, whole)).isSilent;
  const spoken =
    isSilent && observation !== undefined
      ? await newestClaimOfImages(question, selector, everywhere)
      : undefined;
  const facts = [spoken, whole, observation, ...changes].filter(isEffective);
  const effects = await Promise.all(facts.map((fact) => effectOf(question, selector, fact)));
  const heard = named.filter(({ recordedAt }) => recordedAt <= question.knownAt);
  return { ...foldEffects(effects), heard, parts };
}

/** The first claims after a moment, of each extent. */
export async function claimsAfter(
  knowledge: KnownAt,
  partitions: readonly Partition[],
  at: string,
): Promise<Claim[]> {
  const next = await Promise.all(partitions.map((partition) => first(knowledge, partition, { after: at })));
  return next.filter(isClaim);
}
