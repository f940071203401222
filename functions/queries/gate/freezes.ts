/**
 * Freezes of environments and services, and what is let through: after a service's freeze is ended, its environment's
 * earlier freezes no longer hold it, and an end that names an image lets this image through.
 */

import type { FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { order } from "../../ledger/canonical.ts";
import { backwards, EVER, type KnownAt, newest } from "../../ledger/fact-reader.ts";
import type { Selector } from "../question.ts";

export type Requested = FactOf<"redeployment.requested">;
export type Frozen = FactOf<"environment.frozen">;
export type Unfrozen = FactOf<"environment.unfrozen">;
/** A redeployment request also freezes its service, so that the next pipeline does not undo it. */
export type Freeze = Frozen | Requested;

/** A place that can be frozen: a service, or (without one) a whole environment. Names are folded. */
export interface FrozenPlace {
  readonly environment: string;
  readonly service?: string | undefined;
}

/** What stands in one place: everything since its newest end. */
export interface Standing {
  /** In order. Includes freezes that begin later or are over. */
  readonly freezes: readonly Freeze[];
  /** The ends that name an image, in order. */
  readonly exceptions: readonly Unfrozen[];
  /** The newest end of the whole place. */
  readonly end: Unfrozen | undefined;
}

const partitionOf = ({ environment, service }: FrozenPlace) =>
  ({ of: "freeze", environment, ...(service === undefined ? {} : { service }) }) as const;

/**
 * Reads what stands in a place. An end ends everything before it. Of several redeployment requests the newest one that
 * was not cancelled counts, in addition to the freezes of people.
 */
export async function standingIn(knowledge: KnownAt, place: FrozenPlace, at: string): Promise<Standing> {
  const freezes: Freeze[] = [];
  const exceptions: Unfrozen[] = [];
  const cancelled = new Set<string>();
  let isRequested = false;
  for await (const fact of backwards(knowledge, partitionOf(place), at)) {
    if (fact.kind === "environment.unfrozen" && fact.digest === undefined)
      return { freezes: freezes.reverse(), exceptions: exceptions.reverse(), end: fact };
    if (fact.kind === "environment.unfrozen") exceptions.push(fact);
    if (fact.kind === "environment.frozen") freezes.push(fact);
    if (fact.kind === "redeployment.ended" && fact.outcome === "cancelled") cancelled.add(fact.redeployment);
    if (fact.kind !== "redeployment.requested" || isRequested || cancelled.has(fact.id)) continue;
    isRequested = true;
    freezes.push(fact);
  }
  return { freezes: freezes.reverse(), exceptions: exceptions.reverse(), end: undefined };
}

/** Whether a freeze is in force at a time, active or scheduled for later; undefined if it is over. */
export function phaseOf(freeze: Freeze, at: string): "active" | "scheduled" | undefined {
  if (freeze.kind === "redeployment.requested") return "active";
  if (freeze.until !== undefined && freeze.until < at) return undefined;
  return freeze.from !== undefined && freeze.from > at ? "scheduled" : "active";
}

/** A freeze in force, and the digests of the images that it lets through, with the facts that say so. */
export interface ActiveFreeze {
  readonly freeze: Freeze;
  readonly exceptions: readonly string[];
  readonly excepting: readonly Unfrozen[];
}

/**
 * The freezes in force for a service at a moment, its environment's first. Names are folded. It costs two requests
 * whatever the length of the history before, and more only where many freezes were never ended.
 * @param read the time up to which facts are read: EVER for a question about now, because clocks differ
 */
export async function freezesOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
  at: string,
  read = at,
): Promise<ActiveFreeze[]> {
  const [whole, own] = await Promise.all([
    standingIn(knowledge, { environment }, read),
    standingIn(knowledge, { environment, service }, read),
  ]);
  const { end } = own;
  const ofWhole = whole.freezes.filter((freeze) => end === undefined || order(freeze) > order(end));
  const exceptions = [...whole.exceptions, ...own.exceptions];
  return [...ofWhole, ...own.freezes]
    .filter((freeze) => phaseOf(freeze, at) === "active")
    .map((freeze) => {
      const excepting = exceptions.filter((exception) => order(exception) > order(freeze));
      return { freeze, exceptions: excepting.flatMap(({ digest }) => digest ?? []), excepting };
    });
}

/** A time for a new freeze or unfreeze: now, or just after the newest one, because clocks differ and the newest counts. */
export async function afterNewest(
  knowledge: KnownAt,
  { environment, service }: FrozenPlace,
  now: Date,
): Promise<string> {
  const place = partitionOf({
    environment: fold(environment),
    service: service === undefined ? undefined : fold(service),
  });
  const newestMs = Date.parse((await newest(knowledge, place, EVER))?.occurredAt ?? "");
  return new Date(newestMs >= now.getTime() ? newestMs + 1 : now.getTime()).toISOString();
}

/** The redeployment requests of a service, newest first. Names are folded. */
export async function* requestsOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
): AsyncGenerator<Requested> {
  for await (const fact of backwards(knowledge, { of: "freeze", environment, service }, EVER))
    if (fact.kind === "redeployment.requested") yield fact;
}
