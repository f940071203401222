/** The description of a service, and its databases. */
import type { FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { allKnownNames } from "../ledger/directories.ts";
import { namesOf } from "../ledger/directory-names.ts";
import { first, type KnownAt, newest } from "../ledger/fact-reader.ts";
import { type Named, namedBy } from "../ledger/renames.ts";
import type { Selector } from "./release/running.ts";

export type Description = FactOf<"service.described">;

/** The newest description of a service (folded) at a moment, else the first one after it. */
export async function describedAt(
  knowledge: KnownAt,
  service: string,
  at: string,
): Promise<Description | undefined> {
  const partition = { of: "service", service } as const;
  const [before, after] = await Promise.all([
    newest(knowledge, partition, at),
    first(knowledge, partition, { after: at }),
  ]);
  const fact = before ?? after;
  return fact?.kind === "service.described" ? fact : undefined;
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
    describedAt(knowledge, service, at),
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
