/**
 * Effective deployments, as a fold over facts in order. Claims (what deployers report) and observations (what the runtime
 * shows) are two streams that are never mixed.
 */

import type { Component, Deployment, Fact, FactOf } from "../../../schemas/fact.ts";
import { bareUrl } from "../../../schemas/words/repository-url.ts";
import { canonical, isTie } from "../../ledger/canonical.ts";
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
  /** Whether a claim changes configuration alone: the images that run stay. */
  readonly isConfiguration: boolean;
}

/** What runs after a deployment of configuration alone, if nothing is known to run. */
const UNNAMED: readonly Component[] = [{ component: "main" }];

/** Whether no component names an image, nor a part of the traffic. */
const namesNoImage = (components: readonly Component[]): boolean =>
  components.every((one) => Object.keys(one).every((field) => field === "component"));

/** Whether a fact names configuration and no image. Its tasks, or builds of its commit, may still show images. */
const namesConfigurationAlone = ({ kind, components = [], config = [] }: Claim | Observation): boolean =>
  kind === "deployment.succeeded" && config.length > 0 && namesNoImage(components);

const SHA = /^[0-9a-f]{7,}$/;

/** Whether a fact that names configuration alone has a commit of the service: not one of the configuration. */
const hasOwnCommit = ({ components, commit, config = [] }: Claim | Observation): boolean =>
  components !== undefined &&
  commit !== undefined &&
  !config.some(
    ({ repository, revision }) =>
      (revision.startsWith(commit.sha) || (SHA.test(revision) && commit.sha.startsWith(revision))) &&
      (repository === undefined ||
        commit.repository === undefined ||
        bareUrl(repository) === bareUrl(commit.repository)),
  );

/** The effect that a fact itself states, without its tasks and the builds of its commit. */
export const statedEffect = (fact: Claim | Observation): Effect => ({
  fact,
  components: fact.components ?? (fact.kind === "deployment.succeeded" ? UNNAMED : []),
  isSilent: false,
  isConfiguration: namesConfigurationAlone(fact) && !hasOwnCommit(fact),
});

/** The entries of one component, and the claim that set them. */
export interface ComponentClaim {
  readonly entries: readonly Component[];
  readonly claim: Claim;
  /** What other claims of the same moment made of the component, if nobody says which came first; no entries: removed. */
  readonly rivals?: readonly ComponentClaim[];
}

/**
 * Whether a removal is that of a deployment: it then takes away what that deployment set, and no more. With the scope
 * `service` it takes everything, whatever deployment it names.
 */
export const isOfDeployment = (
  claim: Claim,
): claim is FactOf<"deployment.removed"> & { readonly deployment: Deployment } =>
  claim.kind === "deployment.removed" && claim.deployment !== undefined && claim.scope !== "service";

/** Whether a claim changes anything: a removal of a superseded deployment does not. */
export const hasEffect = ({ claimed }: Effective, claim: Claim): boolean =>
  !isOfDeployment(claim) ||
  [...claimed].some(([name, one]) => isSetBy(one, claim.deployment) && isNamedBy(claim, name));

const isSetBy = ({ claim }: ComponentClaim, deployment: Deployment): boolean =>
  claim.deployment !== undefined && canonical(claim.deployment) === canonical(deployment);

const isNamedBy = (claim: Claim, name: string): boolean =>
  !isPart(claim) || byComponent(claim.components ?? []).has(name);

export interface Effective {
  /** The claims in effect, by folded name of the component. */
  readonly claimed: ReadonlyMap<string, ComponentClaim>;
  /** The newest claim of any extent, removals among them. */
  readonly lastClaim: Claim | undefined;
  /** The newest of these that is about images. */
  readonly lastOfImages: Claim | undefined;
  /** The claims of configuration alone since the newest claim of the whole service's images. */
  readonly configured: readonly Claim[];
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
  lastOfImages: undefined,
  configured: [],
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

/** The components of an observation of the whole service, set by a claim that names no images. */
function appliedTo(fact: Observation, silent: Claim): Map<string, ComponentClaim> {
  if (isPart(fact)) return claimedBy(silent, silent.components ?? UNNAMED);
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
    silent === undefined
      ? state.claimed
      : new Map([
          ...[...appliedTo(fact, silent)].filter(([name]) => !changed.has(name)),
          ...[...state.claimed].filter(([, { claim }]) => claim !== silent),
        ]);
  const named = byComponent(fact.components).keys();
  const about = isPart(fact) ? named : [...named, ...claimed.keys()];
  return { ...state, claimed, observation: fact, isCurrent: true, decided: new Set(about) };
}

/** Whether a removal of the same moment may have come after a claim of a component. */
const mayRemove = (last: Claim, claim: Claim, name: string): boolean =>
  last.kind === "deployment.removed" &&
  isTie(last, claim) &&
  isNamedBy(last, name) &&
  (!isOfDeployment(last) || canonical(last.deployment) === canonical(claim.deployment ?? null));

/**
 * What is claimed after one more claim. Claims of one moment, of which nobody says which came first, are kept as
 * rivals; else the newer one replaces the older one.
 */
function after(
  before: ReadonlyMap<string, ComponentClaim>,
  next: ReadonlyMap<string, ComponentClaim>,
  claim: Claim,
  last: Claim | undefined,
): Map<string, ComponentClaim> {
  const merged = new Map(next);
  for (const [name, own] of next)
    if (!before.has(name) && last !== undefined && mayRemove(last, claim, name))
      merged.set(name, { ...own, rivals: [{ entries: [], claim: last }] });
  for (const [name, old] of before) {
    const rivals = [old, ...(old.rivals ?? [])].filter((one) => isTie(one.claim, claim));
    const [first, ...others] = rivals.filter(({ entries }) => entries.length > 0);
    const own = next.get(name);
    if (own !== undefined && rivals.length > 0) merged.set(name, { ...own, rivals });
    else if (own === undefined && first !== undefined)
      merged.set(name, { ...first, rivals: [...others, { entries: [], claim }] });
  }
  return merged;
}

/** A claim of some components does not change the others. */
function changed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  return replaced(state, claim, new Set(byComponent(components).keys()), claimedBy(claim, components));
}

function replaced(
  state: Effective,
  claim: Claim,
  names: ReadonlySet<string>,
  next: ReadonlyMap<string, ComponentClaim>,
): Effective {
  const isOther = (name: string) => !names.has(name);
  const old = [...state.claimed].filter(([name]) => names.has(name));
  return {
    ...state,
    claimed: new Map([
      ...[...state.claimed].filter(([name]) => isOther(name)),
      ...after(new Map(old), next, claim, state.lastClaim),
    ]),
    lastClaim: claim,
    lastOfImages: claim,
    changed: new Set([...state.changed, ...names]),
    decided: new Set([...state.decided].filter(isOther)),
  };
}

/** A removal that names a deployment takes away the components that this deployment set. */
function undeployed(state: Effective, claim: Claim & { readonly deployment: Deployment }): Effective {
  const own = [...state.claimed].filter(
    ([name, one]) => isSetBy(one, claim.deployment) && isNamedBy(claim, name),
  );
  if (own.length === 0) return state;
  return own.length === state.claimed.size && !isPart(claim)
    ? wholly(state, claim, [])
    : replaced(state, claim, new Set(own.map(([name]) => name)), new Map());
}

/**
 * A claim that names no images (Flux and CodeDeploy know none) starts a new release, but keeps a newer observation of the
 * images: the claim applies to the observed components.
 */
function renewed(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  const { observation, isCurrent, decided } = state;
  const next = {
    ...state,
    lastClaim: claim,
    lastOfImages: claim,
    configured: [],
    silent: claim,
    changed: new Set<string>(),
  };
  if (observation === undefined || !isCurrent || isPart(observation))
    return { ...next, claimed: claimedBy(claim, components) };
  const claimed = appliedTo(observation, claim);
  return { ...next, claimed, decided: new Set([...decided].filter((name) => claimed.has(name))) };
}

/** A claim of the whole service replaces everything. */
function wholly(state: Effective, claim: Claim, components: readonly Component[]): Effective {
  // A claim that names no images contradicts nobody.
  const spoken = new Map([...state.claimed].filter(([, one]) => one.claim !== state.silent));
  return {
    ...state,
    claimed: after(spoken, claimedBy(claim, components), claim, state.lastClaim),
    lastClaim: claim,
    lastOfImages: claim,
    configured: [],
    silent: undefined,
    changed: new Set(),
    isCurrent: false,
    decided: new Set(),
  };
}

/** A claim of configuration alone: a release of its own, with the images that run. */
const configuredBy = (state: Effective, claim: Claim): Effective => ({
  ...state,
  lastClaim: claim,
  configured: [...state.configured, claim],
});

/** Applies one more fact, in order. */
export function evolve(state: Effective, { fact, components, isSilent, isConfiguration }: Effect): Effective {
  if (isObservation(fact)) return observed(state, fact);
  if (isOfDeployment(fact)) return undeployed(state, fact);
  if (isConfiguration) {
    return configuredBy(state.claimed.size > 0 ? state : renewed(state, fact, components), fact);
  }
  if (isPart(fact)) return changed(state, fact, components);
  return isSilent ? renewed(state, fact, components) : wholly(state, fact, components);
}
