/**
 * What took effect: which deployments and which observation decide what a service ran at a moment. Claims
 * (what deployers say) and observations (what the runtime says) are two streams that are never mixed.
 */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { first, history, type Knowledge, names, newest } from "./read.ts";
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
export const wholes = ({ environment, service }: Selector): Partition[] => [
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

/** Groups that run by claim, and by which order each component was last set or removed. */
async function claims(
  knowledge: Knowledge,
  selector: Selector,
  whole: Claim | undefined,
  parts: readonly Claim[],
  at: string,
) {
  const floor = whole === undefined ? "" : order(whole);
  const later = parts.filter((part) => order(part) > floor).sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const [base, ...groups] = await Promise.all(
    [whole, ...later].map((claim) =>
      claim === undefined ? undefined : grouped(knowledge, selector, claim, at),
    ),
  );
  const claimed = new Map(whole?.kind === "deployment.succeeded" ? base : []);
  const orders = new Map<string, string>();
  for (const [n, part] of later.entries()) {
    for (const [name, group] of groups[n] ?? []) {
      orders.set(name, order(part));
      if (part.kind === "deployment.succeeded") claimed.set(name, group);
      else claimed.delete(name);
    }
  }
  return { claimed, orderOf: (name: string): string => orders.get(name) ?? floor };
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
 * Only a deployment that names neither components nor digests is asked further, for its tasks.
 */
export async function runningAt(knowledge: Knowledge, selector: Selector, at: string): Promise<Running> {
  const { environment, service } = selector;
  const observed = { of: "observed", environment, service } as const;
  const earlier = history(knowledge, observed, { to: at, descending: true });
  const [named, seen, ...wholeFacts] = await Promise.all([
    names(knowledge, { of: "service", environment, service }),
    earlier.next(),
    ...wholes(selector).map((partition) => newest(knowledge, partition, at)),
  ]);
  const parts = partsOf(named, selector);
  const partFacts = await Promise.all(parts.map((partition) => newest(knowledge, partition, at)));
  const observation = seen.done !== true && isObservation(seen.value) ? seen.value : undefined;
  const heard = named.filter(({ recordedAt }) => recordedAt <= knowledge.knownAt);
  const whole = latest(wholeFacts.filter(isClaim));
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
