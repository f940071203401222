/** Finds facts that are in a log twice, under one source and id. */
import type { FactName, Finding } from "./findings.ts";

/** The leaves whose keys occur more than once. @param keys of all leaves, in pieces; NaN for none */
function candidates(keys: readonly Float64Array[]): number[] {
  const all = new Float64Array(keys.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of keys) {
    all.set(piece, end);
    end += piece.length;
  }
  // NaN is sorted to the end, and equals nothing.
  const sorted = all.toSorted();
  const repeated = new Set<number>();
  for (let n = 1; n < sorted.length; n++)
    if (sorted[n] === sorted[n - 1]) repeated.add(sorted[n] ?? Number.NaN);
  return repeated.size === 0 ? [] : [...all.keys()].filter((index) => repeated.has(all[index] ?? Number.NaN));
}

/** @param nameOf reads the fact of a leaf again */
export async function duplicates(
  keys: readonly Float64Array[],
  nameOf: (index: number) => Promise<FactName | undefined>,
): Promise<Finding[]> {
  const first = new Map<string, number>();
  const found: Finding[] = [];
  for (const index of candidates(keys)) {
    const fact = await nameOf(index);
    if (fact === undefined) continue;
    const text = JSON.stringify([fact.source, fact.id]);
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, index);
    else
      found.push({
        kind: "entry",
        index,
        fact,
        message: `the fact is in the log already, as leaf ${earlier}`,
      });
  }
  return found;
}
