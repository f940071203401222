/** Which names are nearest to a name that is unknown. */
import { distance } from "fastest-levenshtein";
import { fold } from "../../schemas/words/texts.ts";

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
