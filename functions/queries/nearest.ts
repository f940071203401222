/** Suggestions for a name that is unknown. */
import { distance } from "fastest-levenshtein";
import { fold } from "../../schemas/scalars.ts";
import { knownNames, take } from "../ledger/directories.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import type { Directory } from "../ledger/store.ts";

/** How many names are suggested, and how many are compared. */
const SUGGESTED = 3;
const COMPARED = 5000;

/** The part behind the last slash: people often leave the owner out. */
const tailOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** How far a name is from the wanted one, both folded: edits of the whole, or of the tails alone. */
const farness = (name: string, wanted: string): number =>
  Math.min(distance(name, wanted), distance(tailOf(name), tailOf(wanted)) + 0.5);

/** The known names of a directory that are nearest to a name, in their first spelling. */
export async function nearestNames(known: KnownAt, directory: Directory, name: string): Promise<string[]> {
  const wanted = fold(name);
  const { taken } = await take(knownNames(known, directory, {}, COMPARED), COMPARED);
  return taken
    .map((one) => ({ shown: one.shown, far: farness(one.name, wanted) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, SUGGESTED)
    .map(({ shown }) => shown);
}
