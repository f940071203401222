/**
 * Reconciliation: resolves the claims and the observation of each component to images, decides what ran, and reports
 * drift where they disagree.
 */
import type { Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { newestFirst, order } from "../../ledger/canonical.ts";
import { agrees, explained } from "./agreement.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { type ResolvedComponent, showClaimed, showObserved } from "./resolved-component.ts";
import type { EffectiveDeployments } from "./running.ts";

/** What ran, and how claims and observation agree. */
export interface Reconciled {
  readonly running: EffectiveDeployments;
  readonly shown: readonly ResolvedComponent[];
  /** What would run without the observation. */
  readonly claimed: readonly ResolvedComponent[];
  /** The claims that determine what runs, with which configuration, newest first. */
  readonly contributing: readonly Claim[];
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
  const claimedShown = new Map(names.map((name, n) => [name, groups[n] ?? []]));
  const seenOf = (name: string) =>
    seen.filter(({ resolution }) => fold(resolution.stated.component) === name);
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
  return {
    running,
    contradicted: drifts ? contradicted.sort(newestFirst)[0] : undefined,
    claimed: [...claimedShown.values()].flat(),
    shown,
    contributing: [...new Set([...contributing, ...configured])].sort(newestFirst),
    agreeing,
    observation: decided.size > 0 ? observation : undefined,
    drift:
      drifts && observation !== undefined
        ? {
            observedAt: observation.occurredAt,
            claimed: listed(
              names.filter((name) => decided.has(name)).flatMap((name) => claimedShown.get(name) ?? []),
            ),
            observed: listed(looks.flat()),
          }
        : null,
  };
}
