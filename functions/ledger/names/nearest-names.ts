/** Suggestions for a name that is unknown. */
import { distance } from "fastest-levenshtein";
import { fold } from "../../../schemas/words/texts.ts";
import type { KnownAt } from "../fact-reader.ts";
import type { Directory } from "../store.ts";
import { knownNames, take } from "./directories.ts";

const SUGGESTED = 3;

/** The part behind the last slash: people often leave the owner out. */
const tailOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** How far a name is from the wanted one, both folded: edits of the whole, or of the tails alone; then of the whole. */
function farness(name: string, wanted: string): number {
  const whole = distance(name, wanted);
  return Math.min(whole, distance(tailOf(name), tailOf(wanted)) + 0.5) + whole / 1000;
}

/** The three nearest names, nearest first. */
export const nearestOf = (wanted: string, names: readonly string[]): string[] =>
  [...new Set(names)]
    .map((name) => ({ name, far: farness(fold(name), fold(wanted)) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, SUGGESTED)
    .map(({ name }) => name);

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
