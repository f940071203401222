/** What is said of a service itself: what it is described as, and which databases are its own. */
import type { FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { allKnownNames } from "../ledger/directories.ts";
import { namesOf } from "../ledger/directory-names.ts";
import { first, type KnownAt, newest } from "../ledger/fact-reader.ts";
import type { Selector } from "./release/running.ts";

export type Description = FactOf<"service.described">;

/** What a service (folded) is described as: by then or, where nobody had described it yet, the first time after. */
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
 * The databases of a service (folded), by their folded names as they are written: those that it is described with, else
 * those that its migrations name it with. `undefined`: nobody says which they are.
 */
export async function databasesOf(
  knowledge: KnownAt,
  { environment, service }: Selector,
  at: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const [heard, description] = await Promise.all([
    allKnownNames(knowledge, { of: "service", environment, service }),
    describedAt(knowledge, service, at),
  ]);
  const migrated = namesOf(heard, "database").map(({ shown }) => shown);
  const databases = description?.databases ?? migrated;
  if (description?.databases === undefined && migrated.length === 0) return undefined;
  // Of a name that is written twice the first counts.
  return new Map(databases.toReversed().map((database) => [fold(database), database]));
}
