/**
 * What took effect: which deployments and which observation decide what a service ran at a moment. Claims
 * (what deployers say) and observations (what the runtime says) are two streams that are never mixed.
 */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { names } from "./directory.ts";
import { type Moment, type Question, questionOf } from "./moment.ts";
import { backwards, first, history, type Knowledge, newest } from "./read.ts";
import type { Claim, Observation } from "./resolve.ts";
import type { Name, Partition } from "./store.ts";
import { componentsShown, isBare, type Task, tasksOf } from "./tasks.ts";

export interface Selector {
  readonly environment: string;
  readonly service: string;
}

const isClaim = (fact: Fact | undefined): fact is Claim =>
  fact?.kind === "deployment.succeeded" || fact?.kind === "deployment.removed";
const isObservation = (fact: Fact | undefined): fact is Observation => fact?.kind === "deployment.observed";

/** The entries of one component, and the claim that set them. */
export interface Group {
  readonly component: string;
  readonly entries: readonly Component[];
  readonly claim: Claim;
}

export interface Running {
  /** What is known by name of this service in this environment; empty: it was never heard of. */
  readonly heard: readonly Name[];
  /** What deployers said: groups by folded name. */
  readonly claimed: ReadonlyMap<string, Group>;
  /** The newest claim of any extent, removals among them. */
  readonly lastClaim: Claim | undefined;
  /** The newest observation, whether or not it decides anything. */
  readonly observation: Observation | undefined;
  /** Folded names of the components that the observation decides: those whose claim is older than it. */
  readonly decided: ReadonlySet<string>;
  readonly parts: readonly Partition[];
}

/** Partitions of whole releases: the service's own, and that of removals of a whole environment. */
export const wholes = ({ environment, service }: Selector): [Partition, Partition] => [
  { of: "run", environment, service },
  { of: "run", environment },
];

/** What was observed of a service up to a moment, newest first. */
export const observations = (knowledge: Knowledge, selector: Selector, at: string): AsyncGenerator<Fact> =>
  history(knowledge, { of: "observed", ...selector }, { to: at, descending: true });

const latest = <T extends Fact>(facts: readonly T[]): T | undefined =>
  facts.reduce<T | undefined>((a, b) => (a === undefined || order(b) > order(a) ? b : a), undefined);

/** Whether a claim of a whole service names nothing, so that its tasks may name its components. */
const isUntold = (claim: Claim): boolean =>
  claim.kind === "deployment.succeeded" && claim.scope !== "components" && isBare(claim.components);

const tasksOfClaim = (question: Question, selector: Selector, claim: Claim): Promise<Task[]> =>
  claim.deployment === undefined
    ? Promise.resolve([])
    : tasksOf(question, { deployment: claim.deployment, ...selector }, question.at);

/** A claim by components. A whole release that names none is asked what its tasks named. */
async function grouped(question: Question, selector: Selector, claim: Claim): Promise<Map<string, Group>> {
  const said = claim.components ?? [];
  const entries = isUntold(claim)
    ? componentsShown(said, await tasksOfClaim(question, selector, claim))
    : said;
  const groups = new Map<string, Group>();
  for (const entry of entries) {
    const name = fold(entry.component);
    const own = [...(groups.get(name)?.entries ?? []), entry];
    groups.set(name, { component: entry.component, entries: own, claim });
  }
  return groups;
}

/** Whether a claim is of nothing but `main`, and neither it nor a task says which image or commit that is. */
const isSilent = async (question: Question, selector: Selector, claim: Claim): Promise<boolean> =>
  isUntold(claim) &&
  claim.commit === undefined &&
  (await tasksOfClaim(question, selector, claim)).length === 0;

/** What deployers said of a whole service. */
interface Whole {
  readonly claim: Claim | undefined;
  readonly groups: ReadonlyMap<string, Group>;
  /** Order of the newest claim that says which images run, or that none do. */
  readonly word: string;
}

/** The newest claim of a whole service that says something of images. */
async function spokenBy(question: Question, selector: Selector, everywhere: Claim | undefined) {
  const [own] = wholes(selector);
  for await (const fact of backwards(question, own, question.at)) {
    if (isClaim(fact) && !(await isSilent(question, selector, fact)))
      return latest([fact, everywhere].filter((one) => one !== undefined));
  }
  return everywhere;
}

/**
 * What the newest claim of a whole service sets. One that says nothing of images (Flux and CodeDeploy know none)
 * ends a release, and leaves what was observed since the last one that did: its components go by those names.
 */
async function wholeOf(
  question: Question,
  selector: Selector,
  [own, everywhere]: readonly (Claim | undefined)[],
  observation: Observation | undefined,
): Promise<Whole> {
  const claim = latest([own, everywhere].filter((one) => one !== undefined));
  const word = claim === undefined ? "" : order(claim);
  if (claim?.kind !== "deployment.succeeded") return { claim, groups: new Map(), word };
  const groups = await grouped(question, selector, claim);
  if (observation === undefined || !(await isSilent(question, selector, claim)))
    return { claim, groups, word };
  const spoken = await spokenBy(question, selector, everywhere);
  const last = spoken === undefined ? "" : order(spoken);
  if (observation.scope === "components" || order(observation) < last) return { claim, groups, word: last };
  const seen = observation.components.map(({ component }): [string, Group] => [
    fold(component),
    { component, entries: [{ component }], claim },
  ]);
  return { claim, groups: new Map(seen), word: last };
}

/** Groups that run by claim, and by which order each component was last set or removed. */
async function claims(question: Question, selector: Selector, whole: Whole, parts: readonly Claim[]) {
  const floor = whole.claim === undefined ? "" : order(whole.claim);
  const sorted = [...parts].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const groups = await Promise.all(sorted.map((claim) => grouped(question, selector, claim)));
  const claimed = new Map(whole.groups);
  const orders = new Map<string, string>();
  for (const [n, part] of sorted.entries()) {
    for (const [name, group] of groups[n] ?? []) {
      orders.set(name, order(part));
      if (order(part) < floor) continue;
      if (part.kind === "deployment.succeeded") claimed.set(name, group);
      else claimed.delete(name);
    }
  }
  const orderOf = (name: string): string => {
    const set = orders.get(name) ?? "";
    return set > whole.word ? set : whole.word;
  };
  return { claimed, orderOf };
}

function decidedBy(
  observation: Observation | undefined,
  claimed: ReadonlyMap<string, Group>,
  orderOf: (name: string) => string,
): Set<string> {
  if (observation === undefined) return new Set();
  const named = observation.components.map(({ component }) => fold(component));
  const about = observation.scope === "components" ? named : [...named, ...claimed.keys()];
  return new Set(about.filter((name) => order(observation) > orderOf(name)));
}

/**
 * One round trip for whole releases and observations, one more where components were deployed by themselves.
 * Only a deployment that names neither components nor digests is asked further: for its tasks and, where it has
 * none, for the claim before it.
 */
export async function runningAt(moment: Moment, selector: Selector, at: string): Promise<Running> {
  const question = { ...questionOf(moment), at };
  const [own, everywhere] = wholes(selector);
  const [named, seen, ...newestWholes] = await Promise.all([
    names(question, { of: "service", ...selector }),
    observations(question, selector, at).next(),
    newest(question, own, at),
    newest(question, everywhere, at),
  ]);
  const parts = partsOf(named, selector);
  const partFacts = await Promise.all(parts.map((partition) => newest(question, partition, at)));
  const observation = seen.done !== true && isObservation(seen.value) ? seen.value : undefined;
  const heard = named.filter(({ recordedAt }) => recordedAt <= question.knownAt);
  const wholeFacts = newestWholes.map((fact) => (isClaim(fact) ? fact : undefined));
  const whole = await wholeOf(question, selector, wholeFacts, observation);
  const { claimed, orderOf } = await claims(question, selector, whole, partFacts.filter(isClaim));
  const lastClaim = latest([...wholeFacts, ...partFacts].filter(isClaim));
  const decided = decidedBy(observation, claimed, orderOf);
  return { heard, claimed, lastClaim, observation, decided, parts };
}

const partsOf = (heard: readonly Name[], { environment, service }: Selector): Partition[] =>
  heard
    .filter(({ name }) => name.startsWith("part:"))
    .map(({ name }) => ({ of: "part", environment, service, components: name.slice("part:".length) }));

/** The first claims after a moment, of each extent. */
export async function claimsAfter(
  knowledge: Knowledge,
  partitions: readonly Partition[],
  at: string,
): Promise<Claim[]> {
  const next = await Promise.all(partitions.map((partition) => first(knowledge, partition, { after: at })));
  return next.filter(isClaim);
}
