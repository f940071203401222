/**
 * Effective deployments, as a fold over facts in order. Claims (what deployers report) and observations (what the runtime
 * shows) are two streams that are never mixed.
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

/** Whether a fact is about the components that it names only, and not about the whole service. */
export const isPart = ({ scope }: Claim | Observation): boolean => scope === "components";

/** The effect of a fact on components. */
export interface Effect {
  readonly fact: Claim | Observation;
  readonly components: readonly Component[];
  /** Whether a claim of a whole service names neither images nor a commit. */
  readonly isSilent: boolean;
}

/** The effect that a fact itself states, without its tasks. */
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
  /** The claims in effect, by folded name of the component. */
  readonly claimed: ReadonlyMap<string, ComponentClaim>;
  /** The newest claim of any extent, removals among them. */
  readonly lastClaim: Claim | undefined;
  /** The newest claim of the whole service, if it names no images: it applies to the components that are observed. */
  readonly silent: Claim | undefined;
  /** Folded names of the components that were deployed or removed on their own since that claim. */
  readonly changed: ReadonlySet<string>;
  /** The newest observation, whether or not it decides anything. */
  readonly observation: Observation | undefined;
  /** Whether no claim of the whole service's images came after that observation. */
  readonly isCurrent: boolean;
  /** Folded names of the components that the observation decides, because their claim is older. */
  readonly decided: ReadonlySet<string>;
}

export const NOTHING: Effective = {
  claimed: new Map(),
  lastClaim: undefined,
  silent: undefined,
  changed: new Set(),
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

/** The components of an observation, set by a claim that names no images. */
function appliedTo(fact: Observation, silent: Claim): Map<string, ComponentClaim> {
  const seen = fact.components.map(({ component }) => ({ component }));
  return new Map(
    [...claimedBy(silent, seen)].map(([name, { entries }]) => [
      name,
      { entries: entries.slice(-1), claim: silent },
    ]),
  );
}

/** Only the newest observation counts, even if it names fewer components than the previous one. */
function observed(state: Effective, fact: Observation): Effective {
  const { silent, changed } = state;
  const claimed =
    silent === undefined || isPart(fact)
      ? state.claimed
      : new Map([
          ...[...appliedTo(fact, silent)].filter(([name]) => !changed.has(name)),
          ...[...state.claimed].filter(([, { claim }]) => claim !== silent),
        ]);
  const named = byComponent(fact.components).keys();
  const about = isPart(fact) ? named : [...named, ...claimed.keys()];
  return { ...state, claimed, observation: fact, isCurrent: true, decided: new Set(about) };
}

/** A claim of some components does not change the others. */
function changed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  const named = byComponent(components);
  const others = [...state.claimed].filter(([name]) => !named.has(name));
  return {
    ...state,
    claimed: new Map([...others, ...claimedBy(claim, components)]),
    lastClaim: claim,
    changed: new Set([...state.changed, ...named.keys()]),
    decided: new Set([...state.decided].filter((name) => !named.has(name))),
  };
}

/**
 * A claim that names no images (Flux and CodeDeploy know none) starts a new release, but keeps a newer observation of the
 * images: the claim applies to the observed components.
 */
function renewed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  const { observation, isCurrent, decided } = state;
  const next = { ...state, lastClaim: claim, silent: claim, changed: new Set<string>() };
  if (observation === undefined || !isCurrent || isPart(observation))
    return { ...next, claimed: claimedBy(claim, components) };
  const claimed = appliedTo(observation, claim);
  return { ...next, claimed, decided: new Set([...decided].filter((name) => claimed.has(name))) };
}

/** Applies one more fact, in order. */
export function evolve(state: Effective, { fact, components, isSilent }: Effect): Effective {
  if (isObservation(fact)) return observed(state, fact);
  if (isPart(fact)) return changed(state, fact, components);
  if (isSilent) return renewed(state, fact, components);
  return {
    ...state,
    claimed: claimedBy(fact, components),
    lastClaim: fact,
    silent: undefined,
    changed: new Set(),
    isCurrent: false,
    decided: new Set(),
  };
}
