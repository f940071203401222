/**
 * What took effect: which deployments and which observation decide what a service ran at a moment. Claims
 * (what deployers say) and observations (what the runtime says) are two streams that are never mixed.
 */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { backwards, first, history, type Knowledge, names, newest } from "./read.ts";
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
  /** What its tasks showed, where that was asked for to know the components. */
  readonly tasks?: readonly Task[];
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
  /** The observations before that one, newest first. */
  readonly earlier: AsyncGenerator<Fact>;
  /** Folded names of the components that the observation decides: those whose claim is older than it. */
  readonly decided: ReadonlySet<string>;
  readonly parts: readonly Partition[];
}

/** Partitions of whole releases: the service's own, and that of removals of a whole environment. */
export const wholes = ({ environment, service }: Selector): [Partition, Partition] => [
  { of: "run", environment, service },
  { of: "run", environment },
];

const latest = <T extends Fact>(facts: readonly T[]): T | undefined =>
  facts.reduce<T | undefined>((a, b) => (a === undefined || order(b) > order(a) ? b : a), undefined);

/** A claim by components. A whole release that names none is asked what its tasks named. */
async function grouped(
  knowledge: Knowledge,
  selector: Selector,
  claim: Claim,
  at: string,
): Promise<Map<string, Group>> {
  const said = claim.components ?? [];
  const isWhole = claim.kind === "deployment.succeeded" && claim.scope !== "components";
  const tasks =
    isWhole && isBare(said)
      ? await tasksOf(knowledge, { deployment: claim.deployment, ...selector }, at)
      : undefined;
  const groups = new Map<string, Group>();
  for (const entry of tasks === undefined ? said : componentsShown(said, tasks)) {
    const name = fold(entry.component);
    const entries = [...(groups.get(name)?.entries ?? []), entry];
    groups.set(name, {
      component: entry.component,
      entries,
      claim,
      ...(tasks === undefined ? {} : { tasks }),
    });
  }
  return groups;
}

/** Whether a claim is of nothing but `main`, and neither it nor a task says which image or commit that is. */
async function isSilent(
  knowledge: Knowledge,
  selector: Selector,
  claim: Claim,
  at: string,
): Promise<boolean> {
  if (claim.kind === "deployment.removed" || claim.commit !== undefined || !isBare(claim.components)) {
    return false;
  }
  return (await tasksOf(knowledge, { deployment: claim.deployment, ...selector }, at)).length === 0;
}

/** What deployers said of a whole service. */
interface Whole {
  readonly claim: Claim | undefined;
  readonly groups: ReadonlyMap<string, Group>;
  /** Order of the newest claim that says which images run, or that none do. */
  readonly word: string;
}

/**
 * What the newest claim of a whole service sets. One that says nothing of images (Flux and CodeDeploy know none)
 * ends a release, and leaves what was observed since the last one that did: its components go by those names.
 */
async function wholeOf(
  knowledge: Knowledge,
  selector: Selector,
  [own, everywhere]: readonly (Claim | undefined)[],
  {
    before,
    observation,
    at,
  }: { before: AsyncGenerator<Fact>; observation: Observation | undefined; at: string },
): Promise<Whole> {
  const claim = latest([own, everywhere].filter((one) => one !== undefined));
  const word = claim === undefined ? "" : order(claim);
  if (claim?.kind !== "deployment.succeeded") return { claim, groups: new Map(), word };
  const groups = await grouped(knowledge, selector, claim, at);
  const isMute = claim.commit === undefined && [...groups.values()].every(({ tasks }) => tasks?.length === 0);
  if (!isMute || observation === undefined) return { claim, groups, word };
  let spoke = everywhere;
  for await (const earlier of before) {
    if (!isClaim(earlier) || (await isSilent(knowledge, selector, earlier, at))) continue;
    spoke = latest([earlier, spoke].filter((one) => one !== undefined));
    break;
  }
  const last = spoke === undefined ? "" : order(spoke);
  if (observation.scope === "components" || order(observation) < last) return { claim, groups, word: last };
  const seen = observation.components.map(({ component }): [string, Group] => [
    fold(component),
    { component, entries: [{ component }], claim, tasks: [] },
  ]);
  return { claim, groups: new Map(seen), word: last };
}

/** Groups that run by claim, and by which order each component was last set or removed. */
async function claims(
  knowledge: Knowledge,
  selector: Selector,
  whole: Whole,
  parts: readonly Claim[],
  at: string,
) {
  const floor = whole.claim === undefined ? "" : order(whole.claim);
  const sorted = [...parts].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const groups = await Promise.all(sorted.map((claim) => grouped(knowledge, selector, claim, at)));
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
export async function runningAt(knowledge: Knowledge, selector: Selector, at: string): Promise<Running> {
  const { environment, service } = selector;
  const observed = { of: "observed", environment, service } as const;
  const earlier = history(knowledge, observed, { to: at, descending: true });
  const [own, everywhere] = wholes(selector);
  const before = backwards(knowledge, own, at);
  const [named, seen, newestOwn, newestEverywhere] = await Promise.all([
    names(knowledge, { of: "service", environment, service }),
    earlier.next(),
    before.next(),
    newest(knowledge, everywhere, at),
  ]);
  const parts = partsOf(named, selector);
  const partFacts = await Promise.all(parts.map((partition) => newest(knowledge, partition, at)));
  const observation = seen.done !== true && isObservation(seen.value) ? seen.value : undefined;
  const heard = named.filter(({ recordedAt }) => recordedAt <= knowledge.knownAt);
  const wholeFacts = [newestOwn.done === true ? undefined : newestOwn.value, newestEverywhere].map((fact) =>
    isClaim(fact) ? fact : undefined,
  );
  const whole = await wholeOf(knowledge, selector, wholeFacts, { before, observation, at });
  const { claimed, orderOf } = await claims(knowledge, selector, whole, partFacts.filter(isClaim), at);
  const lastClaim = latest([...wholeFacts, ...partFacts].filter(isClaim));
  const decided = decidedBy(observation, claimed, orderOf);
  return { heard, claimed, lastClaim, observation, earlier, decided, parts };
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
