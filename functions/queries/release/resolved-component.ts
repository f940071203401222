/** Components as they ran: what a claim or an observation states, resolved to an image. */
import type { Candidate } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { reachOf } from "../../ledger/as-of.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { distinct } from "../../ledger/fact-reader.ts";
import { nameAt, namedBy, type Renames } from "../../ledger/names/renames.ts";
import type { Family } from "../images/image-graph.ts";
import {
  none,
  type Resolution,
  type ResolveContext,
  resolveClaimed,
  resolveObserved,
} from "./digest-resolution.ts";
import type { Claim, ComponentClaim, Observation } from "./effective-deployments.ts";
import { resolveDeployed } from "./rollout.ts";
import { isSameSlot } from "./slots.ts";

/** A component as it ran: the fact that states it, its resolution, and the family of its image. */
export interface ResolvedComponent {
  readonly resolution: Resolution;
  readonly by: Claim | Observation;
  readonly family: Family | undefined;
  /** What the runtime shows of a claimed component, if it agrees. */
  readonly seen?: ResolvedComponent;
  /** What its claim names, if the tasks of its rollout show another image. */
  readonly contradicts?: ResolvedComponent;
  /** The claims of one moment that differ about the component, where nobody says which came first. */
  readonly tie?: readonly (Claim | Observation)[];
}

async function shownBy(
  context: ResolveContext,
  by: Claim | Observation,
  resolution: Resolution,
): Promise<ResolvedComponent> {
  const { digest, stated } = resolution;
  const renames = await context.images.renames();
  const named = stated.repository === undefined ? undefined : nameAt(renames, namedBy(by, stated.repository));
  const from = { repository: resolution.repository ?? named, by: reachOf(context) };
  const family = digest === undefined ? undefined : await context.images.family(digest, from);
  return { resolution, by, family };
}

const showEntries = (
  context: ResolveContext,
  { entries, claim }: ComponentClaim,
  resolve: typeof resolveClaimed,
): Promise<ResolvedComponent[]> =>
  Promise.all(
    entries.map(async (stated) => {
      const resolution = await resolve(context, stated, claim);
      const shown = await shownBy(context, claim, resolution);
      if (resolution.contradicts === undefined) return shown;
      return { ...shown, contradicts: await shownBy(context, claim, resolution.contradicts) };
    }),
  );

/** The entries of a claimed component. If nobody says which of several claims came first, their images are candidates. */
export async function showClaimed(
  context: ResolveContext,
  group: ComponentClaim,
): Promise<ResolvedComponent[]> {
  const { rivals = [] } = group;
  if (rivals.length === 0) return showEntries(context, group, resolveDeployed);
  const [shown = [], ...others] = await Promise.all(
    [group, ...rivals].map((one) => showEntries(context, one, resolveClaimed)),
  );
  const renames = await context.images.renames();
  return shown.map((one) => {
    const counterparts = others.map((entries) =>
      entries.find(({ resolution }) => isSameSlot(resolution.stated, one.resolution.stated)),
    );
    return tied(renames, one, counterparts, rivals);
  });
}

function tied(
  renames: Renames,
  one: ResolvedComponent,
  counterparts: readonly (ResolvedComponent | undefined)[],
  rivals: readonly ComponentClaim[],
): ResolvedComponent {
  const named = [one, ...counterparts.filter((other) => other !== undefined)];
  // A claim that names no image contradicts no other.
  const [first = one, ...others] = named.filter((other) => !isSilent(other));
  const differing = others.filter((other) => !isSameImage(first, other));
  const isGone = counterparts.includes(undefined);
  if (differing.length === 0 && !isGone) return first;
  const tie = distinct([one.by, ...rivals.map(({ claim }) => claim)]).sort(byOrder);
  if (differing.length === 0) return { ...first, tie };
  const all = [first, ...others];
  const candidates = all.flatMap((other) => candidatesOf(renames, other));
  const facts = all.flatMap(({ resolution }) => resolution.facts);
  return {
    resolution: none(first.resolution.stated, candidates, facts),
    by: first.by,
    family: undefined,
    tie,
  };
}

const isSilent = ({ resolution: { stated, digest, candidates }, by }: ResolvedComponent): boolean =>
  digest === undefined &&
  candidates.length === 0 &&
  stated.tag === undefined &&
  stated.repository === undefined &&
  by.commit === undefined;

function isSameImage(a: ResolvedComponent, b: ResolvedComponent): boolean {
  const [one, other] = [a.resolution, b.resolution];
  if (one.digest !== undefined && other.digest !== undefined)
    return a.family?.members.has(other.digest) === true;
  const { tag, repository } = one.stated;
  const isSaidAlike = tag === other.stated.tag && repository === other.stated.repository;
  return isSaidAlike && a.by.commit?.sha === b.by.commit?.sha;
}

function candidatesOf(renames: Renames, { resolution, by }: ResolvedComponent): readonly Candidate[] {
  const { digest, stated } = resolution;
  if (digest === undefined || resolution.by === "none") return resolution.candidates;
  const named = stated.repository === undefined ? undefined : nameAt(renames, namedBy(by, stated.repository));
  const repository = resolution.repository ?? named;
  return [{ digest, ...(repository === undefined ? {} : { repository }), by: resolution.by }];
}

export const showObserved = (
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
