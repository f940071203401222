/** The snapshot: every service's release in one environment, or in each environment of a group. */
import type { Snapshot } from "../../schemas/answer.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { knownName, knownNames, take } from "../ledger/names/directories.ts";
import type { Name } from "../ledger/store.ts";
import { questionOf } from "./question.ts";
import { release } from "./release/release.ts";

export type Extent = { readonly environment: string } | { readonly group: string };

/** A service in one environment. */
export interface Place {
  readonly environment: Name;
  readonly service: Name;
}

/** The environments of an extent, starting at `from`. Environments of a group are never merged. */
async function* environmentsOf(knowledge: KnownAt, extent: Extent, from?: string): AsyncGenerator<Name> {
  if ("group" in extent) {
    return yield* knownNames(knowledge, { of: "group", group: fold(extent.group) }, { from });
  }
  const found = await knownName(knowledge, { of: "environments" }, fold(extent.environment));
  if (found !== undefined) yield found;
}

/**
 * The services of an extent, by environment and name.
 * @param before where the previous page ended: an environment, a service and, if it ended within that service, a third part
 */
export async function* placesOf(
  knowledge: KnownAt,
  extent: Extent,
  [environmentBefore, serviceBefore, amid]: readonly string[],
): AsyncGenerator<Place> {
  for await (const environment of environmentsOf(knowledge, extent, environmentBefore)) {
    const last = environment.name === environmentBefore ? serviceBefore : undefined;
    const start = amid === undefined ? { after: last } : { from: last };
    const services = knownNames(knowledge, { of: "services", environment: environment.name }, start);
    for await (const service of services) yield { environment, service };
  }
}

export async function isKnown(knowledge: KnownAt, extent: Extent): Promise<boolean> {
  const { taken } = await take(environmentsOf(knowledge, extent), 1);
  return taken.length > 0;
}

interface Page {
  readonly places: readonly Place[];
  readonly next: string | null;
}

/** One page of the places of an extent; undefined if the environment or group is unknown. @param of what is asked for */
export async function pageOfPlaces(
  knowledge: KnownAt,
  extent: Extent,
  of: string,
  paging: Paging,
): Promise<Page | undefined> {
  const before = placeOf(of, paging);
  const [isFound, { taken, more }] = await Promise.all([
    isKnown(knowledge, extent),
    take(placesOf(knowledge, extent, before), sizeOf(paging, 50, 100)),
  ]);
  if (!isFound) return undefined;
  const last = taken.at(-1);
  return { places: taken, next: nextCursor(of, more, last && [last.environment.name, last.service.name]) };
}

/** Answers with one page of releases, whatever their status; undefined if the environment or group is unknown. */
export async function snapshot(
  moment: AsOf,
  extent: Extent,
  paging: Paging = {},
): Promise<Snapshot | undefined> {
  const question = questionOf(moment);
  const page = await pageOfPlaces(question, extent, "a snapshot", paging);
  if (page === undefined) return undefined;
  const releases = await mapLimit(AT_ONCE, page.places, ({ environment, service }) =>
    release(question, { environment: environment.shown, service: service.shown }),
  );
  return {
    ...("group" in extent ? { group: extent.group } : { environment: extent.environment }),
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    releases: releases.filter((one) => one !== undefined),
    next: page.next,
  };
}
