/** The description of a service, and its databases. */

import type { Fact, FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { backwards, history, type KnownAt, ONE } from "../ledger/fact-reader.ts";
import { allKnownNames } from "../ledger/names/directories.ts";
import { namesOf } from "../ledger/names/directory-names.ts";
import { type Named, namedBy } from "../ledger/names/renames.ts";
import type { Selector } from "./question.ts";

export type Description = FactOf<"service.described">;

/** Whether a description or a mark counts in an environment; without one, whether it counts in all of them. */
export const countsIn = (
  { environments }: { readonly environments?: readonly string[] },
  environment: string | undefined,
): boolean =>
  environments === undefined ||
  (environment !== undefined && environments.some((one) => fold(one) === fold(environment)));

/** The first description that counts in an environment. */
async function firstIn(
  facts: AsyncIterable<Fact>,
  environment: string | undefined,
): Promise<Description | undefined> {
  for await (const fact of facts)
    if (fact.kind === "service.described" && countsIn(fact, environment)) return fact;
  return undefined;
}

/**
 * The newest description of a service (folded) that counts in an environment at a moment, else the first one after it.
 * Without an environment: of those that count everywhere.
 */
export async function describedAt(
  knowledge: KnownAt,
  { service, environment }: { readonly service: string; readonly environment?: string | undefined },
  at: string,
): Promise<Description | undefined> {
  const partition = { of: "service", service } as const;
  const [before, after] = await Promise.all([
    firstIn(backwards(knowledge, partition, at), environment),
    firstIn(history(knowledge, partition, { after: at }, ONE), environment),
  ]);
  return before ?? after;
}

/**
 * The databases of a service (folded): a map from folded name to its spelling. They come from the description, else from
 * migrations that name the service. Undefined if neither names any.
 */
export async function databasesOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
  at: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const [names, description] = await Promise.all([
    allKnownNames(knowledge, { of: "service", environment, service }),
    describedAt(knowledge, { service, environment }, at),
  ]);
  const migrated = namesOf(names, "database").map(({ shown }) => shown);
  const databases = description?.databases ?? migrated;
  if (description?.databases === undefined && migrated.length === 0) return undefined;
  // If two names fold to the same one, the first spelling wins.
  return new Map(databases.toReversed().map((database) => [fold(database), database]));
}

/** Whether a service is described as one that has no images: it is deployed by an artifact's digest, or a commit alone. */
export const isWithoutImages = (description: Description | undefined): boolean =>
  description?.images?.length === 0;

/** The image repositories that a service is described with. */
export const ownImagesOf = (description: Description | undefined): Named[] =>
  description?.images?.map((repository) => namedBy(description, repository)) ?? [];
