/**
 * What took effect, as a fold over facts in order: what deployers say (claims) and what the runtime shows (observations)
 * are two streams that are never mixed.
 */
import type { Component, Fact, FactOf } from "../../../schemas/fact.ts";
import { byComponent } from "./slots.ts";

export type Claim = FactOf<"deployment.succeeded" | "deployment.removed">;
export type Observation = FactOf<"deployment.observed">;

export const isClaim = (fact: Fact | undefined): fact is Claim =>
  fact?.kind === "deployment.succeeded" || fact?.kind === "deployment.removed";
export const isObservation = (fact: Fact | undefined): fact is Observation =>
  fact?.kind === "deployment.observed";
export const isEffective = (fact: Fact | undefined): fact is Claim | Observation =>
  isClaim(fact) || isObservation(fact);

/** Whether a fact is about its own components alone, and not about the whole service. */
export const isPart = ({ scope }: Claim | Observation): boolean => scope === "components";

/** What a fact says of components. */
export interface Effect {
  readonly fact: Claim | Observation;
  readonly components: readonly Component[];
  /** Of a whole service, it says neither which images nor which commit run. */
  readonly isSilent: boolean;
}

/** A fact by its own word alone. */
export const statedEffect = (fact: Claim | Observation): Effect => ({
  fact,
  components: fact.components ?? [],
  isSilent: false,
});

/** The entries of one component, and the claim that set them. */
export interface ComponentClaim {
  readonly entries: readonly Component[];
  readonly claim: Claim;
}

export interface Effective {
  /** What deployers said, by folded name of the component. */
  readonly claimed: ReadonlyMap<string, ComponentClaim>;
  /** The newest claim of any extent, removals among them. */
  readonly lastClaim: Claim | undefined;
  /** The newest observation, whether or not it decides anything. */
  readonly observation: Observation | undefined;
  /** Nothing has been said of the whole service's images since that observation. */
  readonly isCurrent: boolean;
  /** Folded names of the components that the observation decides: those whose claim is older than it. */
  readonly decided: ReadonlySet<string>;
}

export const NOTHING: Effective = {
  claimed: new Map(),
  lastClaim: undefined,
  observation: undefined,
  isCurrent: false,
  decided: new Set(),
};

const claimedBy = (claim: Claim, components: readonly Component[]): Map<string, ComponentClaim> =>
  new Map(
    claim.kind === "deployment.removed"
      ? []
      : [...byComponent(components)].map(([name, entries]) => [name, { entries, claim }]),
  );

/** Only the newest observation counts, even where it is about less than the one before. */
function observed(state: Effective, fact: Observation): Effective {
  const named = byComponent(fact.components).keys();
  const about = isPart(fact) ? named : [...named, ...state.claimed.keys()];
  return { ...state, observation: fact, isCurrent: true, decided: new Set(about) };
}

/** A claim of some components leaves the others as they are. */
function changed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  const named = byComponent(components);
  const others = [...state.claimed].filter(([name]) => !named.has(name));
  return {
    ...state,
    claimed: new Map([...others, ...claimedBy(claim, components)]),
    lastClaim: claim,
    decided: new Set([...state.decided].filter((name) => !named.has(name))),
  };
}

/**
 * A claim that says nothing of images (Flux and CodeDeploy know none) ends a release, and leaves what was observed since
 * the last one that did: its components go by those names.
 */
function renewed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  const { observation, isCurrent, decided } = state;
  if (observation === undefined || !isCurrent || isPart(observation)) {
    return { ...state, claimed: claimedBy(claim, components), lastClaim: claim };
  }
  const seen = observation.components.map(({ component }) => ({ component }));
  const claimed = new Map(
    [...claimedBy(claim, seen)].map(([name, { entries }]) => [name, { entries: entries.slice(-1), claim }]),
  );
  const left = new Set([...decided].filter((name) => claimed.has(name)));
  return { ...state, claimed, lastClaim: claim, decided: left };
}

/** What takes effect after one more fact, in order. */
export function evolve(state: Effective, { fact, components, isSilent }: Effect): Effective {
  if (isObservation(fact)) return observed(state, fact);
  if (isPart(fact)) return changed(state, fact, components);
  if (isSilent) return renewed(state, fact, components);
  return {
    ...state,
    claimed: claimedBy(fact, components),
    lastClaim: fact,
    isCurrent: false,
    decided: new Set(),
  };
}
