/** Suggestions for a name that is unknown. */
import { knownNames, take } from "../ledger/directories.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { nearestOf } from "../ledger/nearness.ts";
import type { Directory } from "../ledger/store.ts";

/** How many names are compared. */
const COMPARED = 5000;

/** The known names of a directory that are nearest to a name, in their first spelling. */
export async function nearestNames(known: KnownAt, directory: Directory, name: string): Promise<string[]> {
  const { taken } = await take(knownNames(known, directory, {}, COMPARED), COMPARED);
  return nearestOf(
    name,
    taken.map(({ shown }) => shown),
  );
}
