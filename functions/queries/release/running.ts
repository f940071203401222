/** Reads the effective deployments of a service at a moment: the newest fact of each kind, folded. */
import type { Fact } from "../../../schemas/fact.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { byOrder, order } from "../../ledger/canonical.ts";
import { names } from "../../ledger/directories.ts";
import { namesOf } from "../../ledger/directory-names.ts";
import {
  all,
  backwards,
  first,
  history,
  type KnownAt,
  newest,
  type Pages,
} from "../../ledger/fact-reader.ts";
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
  /** Names in the directory of this service in this environment, known by `knownAt`; empty: the service is unknown. */
  readonly known: readonly Name[];
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

/** The newest facts of a service up to a time or a sort key. */
interface Newest {
  readonly named: readonly Name[];
  readonly parts: readonly Partition[];
  readonly observation: Observation | undefined;
  /** The newest claim of everything in the environment. */
  readonly everywhere: Claim | undefined;
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
  const [named, seen, everywhere] = await Promise.all([
    names(knowledge, { of: "service", ...selector }),
    observations(knowledge, selector, at, sizes).next(),
    newest(knowledge, ofAll, at),
    newest(knowledge, ofService, at),
  ]);
  const parts = namesOf(named, "part").map(
    ({ name: components }): Partition => ({ of: "part", ...selector, components }),
  );
  // Read here, so that the effects find them read.
  await Promise.all(parts.map((partition) => newest(knowledge, partition, at)));
  return {
    named,
    parts,
    observation: seen.done !== true && isObservation(seen.value) ? seen.value : undefined,
    everywhere: isClaim(everywhere) ? everywhere : undefined,
  };
}

/** Folds effects given in any order. */
export const foldEffects = (effects: readonly Effect[]): Effective =>
  [...effects].sort((a, b) => byOrder(a.fact, b.fact)).reduce(evolve, NOTHING);

/** Whether a fact that names configuration alone shows images elsewhere: by its tasks, or by builds of its commit. */
async function showsImages(question: Question, { components, commit }: Claim, tasks: readonly unknown[]) {
  if (components === undefined) return false;
  if (tasks.length > 0 || commit === undefined) return tasks.length > 0;
  const prefix = commitPrefix(commit.sha);
  const facts = await all(question, { of: "commit", prefix, aspect: "image" });
  return facts.some((fact) => fact.kind === "artifact.built" && fact.commit.sha.startsWith(commit.sha));
}

/**
 * The effect of a fact. For a deployment of a whole service that names no components, its tasks name them. One that
 * names configuration and no image changes configuration alone, unless its tasks or builds of its commit show images.
 */
async function effectOf(question: Question, selector: Selector, fact: Claim | Observation): Promise<Effect> {
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

type EffectOf = (fact: Claim | Observation) => Effect | Promise<Effect>;

/** Effects back to the newest claim that is about images: after it there are only claims of configuration. */
async function effectsBack(
  knowledge: KnownAt,
  partition: Partition,
  { at, after }: { readonly at: string; readonly after: Claim | undefined },
  effectOf: EffectOf,
): Promise<Effect[]> {
  const found: Effect[] = [];
  for await (const fact of backwards(knowledge, partition, at)) {
    if (!isClaim(fact) || (after !== undefined && order(fact) < order(after))) break;
    const effect = await effectOf(fact);
    found.push(effect);
    if (!effect.isConfiguration) break;
  }
  return found;
}

/** The effects that decide what runs: those of the newest facts, and of the claims that claims of configuration keep. */
export async function effectsOf(
  knowledge: KnownAt,
  selector: Selector,
  { everywhere, observation, parts }: Newest,
  at: string,
  effectOf: EffectOf,
): Promise<Effect[]> {
  const [own] = wholeServicePartitions(selector);
  const [wholes, others] = await Promise.all([
    effectsBack(knowledge, own, { at, after: everywhere }, effectOf),
    Promise.all([everywhere, observation].filter(isEffective).map(effectOf)),
  ]);
  // A silent claim says nothing of which images are older than it.
  const base = wholes.find(({ isConfiguration, isSilent }) => !isConfiguration && !isSilent)?.fact;
  const after = isClaim(base) ? base : everywhere;
  const changes = await Promise.all(
    parts.map((partition) => effectsBack(knowledge, partition, { at, after }, effectOf)),
  );
  return [...wholes, ...others, ...changes.flat()];
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
 * if it has none, for the claim before it.
 */
export async function effectiveDeploymentsAt(
  moment: AsOf,
  selector: Selector,
  at: string,
): Promise<EffectiveDeployments> {
  const question = { ...questionOf(moment), at };
  const found = await newestOf(question, selector, at);
  const { named, parts, observation, everywhere } = found;
  const effect = (fact: Claim | Observation) => effectOf(question, selector, fact);
  const effects = await effectsOf(question, selector, found, at, effect);
  // Several silent claims may have come since the claim whose images the observation is compared with.
  const isSilent = effects.some(({ fact, isSilent }) => isSilent && !isPart(fact));
  const withImages =
    isSilent && observation !== undefined
      ? await newestClaimOfImages(question, selector, everywhere)
      : undefined;
  const earlier = withImages === undefined ? [] : [await effect(withImages)];
  const known = named.filter(({ recordedAt }) => recordedAt <= question.knownAt);
  return { ...foldEffects([...earlier, ...effects]), known, parts };
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
