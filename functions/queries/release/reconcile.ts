/**
 * Reconciliation: resolves the claims and the observation of each component to images, decides what ran, and reports
 * drift where they disagree.
 */
import type { Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { newestFirst, order } from "../../ledger/canonical.ts";
import { agrees, explained } from "./agreement.ts";
import type { EffectiveDeployments } from "./deployment-reader.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { type ResolvedComponent, showClaimed, showObserved } from "./resolved-component.ts";

/** What ran, and how claims and observation agree. */
export interface Reconciled {
  readonly running: EffectiveDeployments;
  readonly shown: readonly ResolvedComponent[];
  /** What would run without the observation. */
  readonly claimed: readonly ResolvedComponent[];
  /** The claims that determine what runs, with which configuration, newest first. */
  readonly contributing: readonly Claim[];
  /** Those of them whose configuration is in effect: not that of images which their rollouts did not bring. */
  readonly configuring: readonly Claim[];
  /** Folded names of the components whose observation agrees with their claim. */
  readonly agreeing: ReadonlySet<string>;
  readonly drift: Release["drift"];
  /** The newest claim that the observation contradicts. */
  readonly contradicted: Claim | undefined;
  /** The observation, if it decides any component. */
  readonly observation: Observation | undefined;
}

/** The digest to pull of a component; null if unknown. */
export const digestOf = ({ resolution, family }: ResolvedComponent): string | null =>
  resolution.digest === undefined ? null : (family?.pullable ?? null);

const listed = (shown: readonly ResolvedComponent[]) =>
  shown
    .map((one) => ({ component: one.resolution.stated.component, digest: digestOf(one) }))
    .sort(by(({ component, digest }) => `${component} ${digest ?? ""}`));

export const isContradicting = ({ contradicts }: ResolvedComponent): boolean => contradicts !== undefined;

/** The components as their claims name them, whatever the tasks of their rollouts show. */
export const asNamed = (shown: readonly ResolvedComponent[]): ResolvedComponent[] =>
  shown.map((one) => one.contradicts ?? one);

interface Seen {
  readonly observedAt: string;
  readonly claimed: readonly ResolvedComponent[];
  readonly observed: readonly ResolvedComponent[];
}

/** The drift that an observation shows, and that the tasks of rollouts show. */
function driftOf(overruled: readonly ResolvedComponent[], seen: Seen | undefined): Release["drift"] {
  if (overruled.length === 0 && seen === undefined) return null;
  const others = overruled.filter((one) => seen?.observed.includes(one) !== true);
  const times = others.flatMap(({ resolution }) => resolution.facts.map(({ occurredAt }) => occurredAt));
  return {
    observedAt: seen?.observedAt ?? times.sort().at(-1) ?? "",
    claimed: listed([...(seen?.claimed ?? []), ...asNamed(others)]),
    observed: listed([...(seen?.observed ?? []), ...others]),
  };
}

/** Reconciles the claims with the observation that `running` was folded with. */
export async function reconcileWith(
  context: ResolveContext,
  running: EffectiveDeployments,
): Promise<Reconciled> {
  const { observation, decided, claimed } = running;
  const [seen, ...groups] = await Promise.all([
    observation === undefined ? [] : showObserved(context, observation, decided),
    ...[...claimed.values()].map((group) => showClaimed(context, group)),
  ]);
  const names = [...claimed.keys()];
  const seenOf = (name: string) =>
    seen.filter(({ resolution }) => fold(resolution.stated.component) === name);
  const confirmed = await Promise.all(
    names.map(async (name, n): Promise<readonly ResolvedComponent[]> => {
      const group = groups[n] ?? [];
      // An observation of what the claim names outweighs the tasks of its rollout.
      return group.some(isContradicting) && (await agrees(context, seenOf(name), asNamed(group)))
        ? asNamed(group)
        : group;
    }),
  );
  const claimedShown = new Map(names.map((name, n) => [name, confirmed[n] ?? []]));
  const agreements = await Promise.all(
    [...decided].map((name) => agrees(context, seenOf(name), claimedShown.get(name) ?? [])),
  );
  const agreeing = new Set([...decided].filter((_, n) => agreements[n]));
  const looks = await Promise.all(
    [...decided].map((name) =>
      agreeing.has(name) ? explained(context, seenOf(name), claimedShown.get(name) ?? []) : seenOf(name),
    ),
  );
  const kept = names.filter((name) => !decided.has(name));
  const contributing = names
    .filter((name) => !decided.has(name) || agreeing.has(name))
    .flatMap((name) => claimed.get(name)?.claim ?? []);
  const drifts = decided.size > 0 && running.lastOfImages !== undefined && agreeing.size < decided.size;
  const shown = [...kept.flatMap((name) => claimedShown.get(name) ?? []), ...looks.flat()];
  // Images that nobody deployed are not given the configuration of a deployment before them.
  const configured = running.configured.filter(
    (claim) =>
      shown.length > 0 && (!drifts || observation === undefined || order(claim) > order(observation)),
  );
  const contradicted = [...decided]
    .filter((name) => !agreeing.has(name))
    .flatMap((name) => claimed.get(name)?.claim ?? running.lastOfImages ?? []);
  const overruled = shown.filter(isContradicting);
  const isOverruled = (claim: Claim) => overruled.some(({ by }) => by === claim);
  const all = [...new Set([...contributing, ...configured])].sort(newestFirst);
  return {
    running,
    contradicted: drifts ? contradicted.sort(newestFirst)[0] : undefined,
    claimed: [...claimedShown.values()].flat(),
    shown,
    contributing: all,
    configuring: all.filter((claim) => !isOverruled(claim)),
    agreeing,
    observation: decided.size > 0 ? observation : undefined,
    drift: driftOf(
      overruled,
      drifts && observation !== undefined
        ? {
            observedAt: observation.occurredAt,
            claimed: names
              .filter((name) => decided.has(name))
              .flatMap((name) => asNamed(claimedShown.get(name) ?? [])),
            observed: looks.flat(),
          }
        : undefined,
    ),
  };
}
