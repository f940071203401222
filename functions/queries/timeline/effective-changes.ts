/**
 * Decides what a fact changes in what is in effect. Plain functions of plain data: the caller reads how the images
 * compare, and passes it in.
 */
import type { Configuration, ObservedComponent } from "../../../schemas/fact.ts";
import type { Likeness } from "../images/image-graph.ts";
import { configurationChanges, configurationOf } from "../release/configuration.ts";
import {
  type Claim,
  type Effective,
  evolve,
  isPart,
  type Observation,
  statedEffect,
} from "../release/effective-deployments.ts";
import type { ResolvedComponent } from "../release/resolved-component.ts";
import { byComponent, isSameSlot, matched, slotOf } from "../release/slots.ts";

/** The entries of one component. `isClaimed`: a deployment named them; else an observation did. */
interface Group {
  readonly entries: readonly ObservedComponent[];
  readonly isClaimed: boolean;
}

/** The components in effect, by folded name. */
function effectiveGroups({ claimed, observation, decided }: Effective): ReadonlyMap<string, Group> {
  const claims = [...claimed].filter(([name]) => !decided.has(name));
  const observed = [...byComponent(observation?.components ?? [])].filter(([name]) => decided.has(name));
  return new Map<string, Group>([
    ...claims.map(([name, { entries }]) => [name, { entries, isClaimed: true }] as const),
    ...observed.map(([name, entries]) => [name, { entries, isClaimed: false }] as const),
  ]);
}

/* Configuration */

const configurationInEffect = ({ claimed, observation, configured, decided }: Effective): Configuration[] => {
  const claims = [...configured, ...[...claimed.values()].map(({ claim }) => claim)];
  return configurationOf([
    ...claims,
    ...(observation === undefined || decided.size === 0 ? [] : [observation]),
  ]);
};

/** Whether another configuration is in effect with an observation than before it. */
export function changesConfiguration(state: Effective, observation: Observation): boolean {
  const after = configurationInEffect(evolve(state, statedEffect(observation)));
  return configurationChanges(configurationInEffect(state), after).length > 0;
}

/* Observations */

/** An entry in effect, and the observed one of the same component and variant. */
export type Pair = readonly [shown: ObservedComponent, seen: ObservedComponent];

/** A component in effect or observed. */
export interface ComparedGroup {
  /** Whether a deployment named it. */
  readonly isClaimed: boolean;
  /** Its variants; undefined: other variants are observed than are in effect. */
  readonly pairs: readonly Pair[] | undefined;
}

/** Whether a deployment names no image: it may then also mean components that only its tasks name. */
const isVague = ({ entries, isClaimed }: Group): boolean =>
  isClaimed && entries.some(({ digest, tag }) => digest === undefined && tag === undefined);

/** The components that an observation compares with those in effect. */
export function comparedGroups(state: Effective, observation: Observation): ComparedGroup[] {
  const shown = effectiveGroups(state);
  const seen = byComponent(observation.components);
  // An observation of some components says nothing of the others.
  const names = isPart(observation) ? seen.keys() : [...seen.keys(), ...shown.keys()];
  return [...new Set(names)].map((name) => {
    const group = shown.get(name);
    return {
      isClaimed: group?.isClaimed === true,
      pairs: matched(group?.entries ?? [], seen.get(name) ?? []),
    };
  });
}

function likenessOfGroup({ pairs, isClaimed }: ComparedGroup, likenesses: readonly Likeness[]): Likeness {
  if (pairs === undefined || likenesses.includes("other")) return "other";
  if (!likenesses.includes("unclear")) return "same";
  // Only a claim can be explained by the release's rules; two observations that are not the same differ.
  return isClaimed ? "unclear" : "other";
}

/** Whether an observation shows what is in effect. @param likenesses of the pairs of each group */
export function likenessOfObservation(
  state: Effective,
  groups: readonly ComparedGroup[],
  likenesses: readonly (readonly Likeness[])[],
): Likeness {
  const verdicts = groups.map((group, n) => likenessOfGroup(group, likenesses[n] ?? []));
  if (verdicts.includes("other"))
    return [...effectiveGroups(state).values()].some(isVague) ? "unclear" : "other";
  return verdicts.includes("unclear") ? "unclear" : "same";
}

/* Deployments */

/** An entry that a deployment sets, and the one of the same component and variant before it. */
export interface Replaced {
  readonly is: ObservedComponent;
  readonly was: ObservedComponent | undefined;
}

/** The entries that a deployment sets. */
export function replacedBy(state: Effective, claim: Claim): Replaced[] {
  const old = effectiveGroups(state);
  return [...effectiveGroups(evolve(state, statedEffect(claim)))].flatMap(([name, { entries }]) => {
    const was = old.get(name)?.entries ?? [];
    if (entries === was) return [];
    return entries.map((is) => ({ is, was: was.find((one) => isSameSlot(one, is)) }));
  });
}

/** The components with another image. @param likenesses of each entry with the one before. Undefined: that is unclear */
export function changedComponents(
  replaced: readonly Replaced[],
  likenesses: readonly Likeness[],
): string[] | undefined {
  if (replaced.some(({ is }, n) => is.digest === undefined || likenesses[n] === "unclear")) return undefined;
  return [...new Set(replaced.flatMap(({ is }, n) => (likenesses[n] === "other" ? [is.component] : [])))];
}

const slotsOf = (shown: readonly ResolvedComponent[]) =>
  new Map(shown.map((one) => [slotOf(one.resolution.stated), one]));

/** The components that run another image than before; undefined if nobody knows of one of them. */
export function newImages(
  before: readonly ResolvedComponent[],
  after: readonly ResolvedComponent[],
): string[] | undefined {
  const old = slotsOf(before);
  const verdicts = [...slotsOf(after)].map(([slot, { resolution, family }]) => {
    const was = old.get(slot);
    const { digest } = was?.resolution ?? {};
    if (was === undefined) return [resolution.stated.component];
    if (digest === undefined || family === undefined) return undefined;
    return family.members.has(digest) ? [] : [resolution.stated.component];
  });
  const certain = verdicts.flatMap((one) => one ?? []);
  return verdicts.includes(undefined) && certain.length === 0 ? undefined : [...new Set(certain)];
}
