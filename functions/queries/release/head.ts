/** Selects the facts that give a release its fields: its head, the claims behind its commits, and the last look. */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { newestFirst, order } from "../../ledger/canonical.ts";
import { observations } from "./deployment-reader.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isObservation, type Observation } from "./effective-deployments.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";

/** Whether something runs, nothing does any more, or nothing is known. */
export const statusOf = ({ shown }: Reconciled, head: Fact | undefined): Release["status"] =>
  shown.length > 0 ? "running" : head === undefined ? "unknown" : "removed";

/** The head: the fact that gives the single-valued fields of a release, such as its deployment, cluster and actor. */
export function headOf({
  running,
  observation,
  contributing,
  contradicted,
}: Reconciled): Claim | Observation | undefined {
  if (observation !== undefined && (contradicted !== undefined || contributing.length === 0)) {
    const later = running.configured.filter((claim) => order(claim) > order(observation));
    return later.at(-1) ?? observation;
  }
  if (contributing[0] !== undefined) return contributing[0];
  const last = [running.lastClaim, running.observation].filter((fact) => fact !== undefined);
  return last.sort(newestFirst)[0];
}

/** The claim whose commit applies to a component: its own, or the one that the observation agrees with. */
export function claimOf(
  { running: { claimed }, agreeing }: Reconciled,
  { by, resolution, contradicts }: ResolvedComponent,
): Claim | undefined {
  if (contradicts !== undefined) return undefined;
  if (by.kind !== "deployment.observed") return by;
  const name = fold(resolution.stated.component);
  return agreeing.has(name) ? claimed.get(name)?.claim : undefined;
}

export type LastLook = Pick<Release, "clusterState"> & { readonly seenAt: string | null };

/** When somebody last looked, whatever was seen, and what the cluster showed then. */
export async function lastLook(context: ResolveContext, { running, shown }: Reconciled): Promise<LastLook> {
  const { value: last } = await observations(context, context.selector, context.at).next();
  const looks = [running.observation, isObservation(last) ? last : undefined].filter(
    (one) => one !== undefined,
  );
  const newest = looks.sort(newestFirst)[0];
  const state = shown.length === 0 ? undefined : newest?.clusterState;
  return {
    seenAt: newest?.occurredAt ?? null,
    ...(state === undefined ? {} : { clusterState: state }),
  };
}
