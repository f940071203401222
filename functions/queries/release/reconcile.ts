/**
 * Reconciliation: resolves the claims and the observation of each component to images, decides what ran, and reports
 * drift where they disagree.
 */
import type { Release } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { canonical, newestFirst, order } from "../../ledger/canonical.ts";
import { commitOf, type Family } from "../images/image-graph.ts";
import {
  type Resolution,
  type ResolveContext,
  resolveClaimed,
  resolveObserved,
  sameCommit,
} from "./digest-resolution.ts";
import type { Claim, ComponentClaim, Observation } from "./effective-deployments.ts";
import type { EffectiveDeployments } from "./running.ts";

/** A component as it ran: the fact that states it, its resolution, and the family of its image. */
export interface ResolvedComponent {
  readonly resolution: Resolution;
  readonly by: Claim | Observation;
  readonly family: Family | undefined;
}

async function shownBy(
  context: ResolveContext,
  by: Claim | Observation,
  resolution: Resolution,
): Promise<ResolvedComponent> {
  const family = resolution.digest === undefined ? undefined : await context.images.family(resolution.digest);
  return { resolution, by, family };
}

const showClaimed = (
  context: ResolveContext,
  { entries, claim }: ComponentClaim,
): Promise<ResolvedComponent[]> =>
  Promise.all(
    entries.map(async (stated) => shownBy(context, claim, await resolveClaimed(context, stated, claim))),
  );

const showObserved = (
  context: ResolveContext,
  observation: Observation,
  decided: ReadonlySet<string>,
): Promise<ResolvedComponent[]> =>
  Promise.all(
    observation.components
      .filter(({ component }) => decided.has(fold(component)))
      .map(async (stated) =>
        shownBy(context, observation, await resolveObserved(context, stated, observation)),
      ),
  );

/* Observation against claim */

const hasDigest = ({ resolution, family }: ResolvedComponent, digest: string): boolean =>
  family?.members.has(digest) === true || resolution.candidates.some((one) => one.digest === digest);

async function holdsCandidate(
  { images }: ResolveContext,
  { resolution }: ResolvedComponent,
  digest: string,
): Promise<boolean> {
  const families = await Promise.all(resolution.candidates.map((one) => images.family(one.digest)));
  return families.some(({ members }) => members.has(digest));
}

/** Whether an observation of a component agrees with its claim: by deployment, by image, or by commit. */
async function agrees(
  context: ResolveContext,
  seen: readonly ResolvedComponent[],
  claimed: readonly ResolvedComponent[],
): Promise<boolean> {
  const [claim] = claimed;
  const [observation] = seen;
  if (claim === undefined || observation === undefined) return false;
  const { deployment } = observation.by;
  if (deployment !== undefined && canonical(deployment) === canonical(claim.by.deployment ?? null))
    return true;
  // A claim that names no image and no commit cannot be contradicted.
  if (claim.by.commit === undefined && claimed.every(namesNothing)) return true;
  const nothingKnown = claimed.every(
    ({ resolution }) => resolution.digest === undefined && resolution.candidates.length === 0,
  );
  const matches = await Promise.all(
    seen.map(async (one) => {
      const { digest } = one.resolution;
      if (digest === undefined) return false;
      if (nothingKnown) return isBuiltFrom(one, claim.by.commit?.sha);
      const held = claimed.map(
        async (stated) => hasDigest(stated, digest) || (await holdsCandidate(context, stated, digest)),
      );
      return (await Promise.all(held)).includes(true);
    }),
  );
  return matches.every(Boolean);
}

const namesNothing = ({ resolution: { stated, digest, candidates } }: ResolvedComponent): boolean =>
  digest === undefined &&
  candidates.length === 0 &&
  stated.tag === undefined &&
  stated.repository === undefined;

function isBuiltFrom({ family }: ResolvedComponent, sha: string | undefined): boolean {
  const commits = family === undefined ? [] : commitOf(family).commits;
  const [only] = commits;
  return sha !== undefined && commits.length === 1 && only !== undefined && sameCommit(only.sha, sha);
}

/** What ran, and how claims and observation agree. */
export interface Reconciled {
  readonly shown: readonly ResolvedComponent[];
  /** What would run without the observation. */
  readonly claimed: readonly ResolvedComponent[];
  /** The claims that determine what runs, with which configuration, newest first. */
  readonly contributing: readonly Claim[];
  /** Folded names of the components whose observation agrees with their claim. */
  readonly agreeing: ReadonlySet<string>;
  readonly drift: Release["drift"];
  /** The observation, if it decides any component. */
  readonly observation: Observation | undefined;
}

/** The digest to pull of a component; null if unknown. */
export const digestOf = ({ resolution, family }: ResolvedComponent): string | null =>
  resolution.digest === undefined ? null : (family?.pullable ?? null);

const listed = (shown: readonly ResolvedComponent[]) =>
  shown
    .map((one) => ({ component: one.resolution.stated.component, digest: digestOf(one) }))
    .sort((a, b) => (`${a.component} ${a.digest ?? ""}` < `${b.component} ${b.digest ?? ""}` ? -1 : 1));

export async function reconcile(context: ResolveContext, running: EffectiveDeployments): Promise<Reconciled> {
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
  const kept = names.filter((name) => !decided.has(name));
  const contributing = names
    .filter((name) => !decided.has(name) || agreeing.has(name))
    .flatMap((name) => claimed.get(name)?.claim ?? []);
  const drifts = decided.size > 0 && running.lastOfImages !== undefined && agreeing.size < decided.size;
  const shown = [...kept.flatMap((name) => claimedShown.get(name) ?? []), ...seen];
  // Images that nobody deployed are not given the configuration of a deployment before them.
  const configured = running.configured.filter(
    (claim) =>
      shown.length > 0 && (!drifts || observation === undefined || order(claim) > order(observation)),
  );
  return {
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
            observed: listed(seen),
          }
        : null,
  };
}
