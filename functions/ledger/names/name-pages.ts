/** Lists of names that are assembled in memory, and their pages, in the form in which a store returns them. */

import { byText } from "../../../schemas/words/ordering.ts";
import { pageByPage, type Reads } from "../loader.ts";
import type { Directory, Name, Page, Range } from "../store.ts";

const PAGE = 1000;

/** All names of a directory, whenever they became known. */
export async function allNames(store: Pick<Reads, "names">, directory: Directory): Promise<Name[]> {
  const next = pageByPage((cursor) => store.names(directory, { limit: PAGE, ...cursor }));
  let page = await next();
  const found = [...page.entries];
  while (page.cursor !== undefined) {
    page = await next();
    found.push(...page.entries);
  }
  return found;
}

/** Names by key; of several with one key the one that became known first. */
export function mergedNames(names: readonly Name[]): Name[] {
  const byName = new Map<string, Name>();
  for (const one of names) {
    const known = byName.get(one.name);
    if (known === undefined || one.recordedAt < known.recordedAt) byName.set(one.name, one);
  }
  return [...byName.values()];
}

/** Text in which the order of UTF-16 units may not be that of UTF-8 bytes. */
const BEYOND = /[\ud800-\uffff]/;

/** The order in which stores have names: by UTF-8 bytes. */
export function byBytes(a: string, b: string): number {
  if (BEYOND.test(a) || BEYOND.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return byText(a, b);
}

/** One page of a list of names. */
export function pageOfNames(
  names: readonly Name[],
  { from, to, descending = false, limit, cursor }: Range,
): Page<Name> {
  const sorted = names
    .filter(({ name }) => from === undefined || byBytes(name, from) >= 0)
    .filter(({ name }) => to === undefined || byBytes(name, to) <= 0 || name.startsWith(to))
    .sort((a, b) => byBytes(a.name, b.name));
  if (descending) sorted.reverse();
  const start = cursor === undefined ? 0 : Number(cursor);
  const entries = sorted.slice(start, start + limit);
  const end = start + limit;
  return end < sorted.length ? { entries, cursor: String(end) } : { entries };
}
