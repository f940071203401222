/** Reading directories: the names that had been heard by some moment, in their order, from any of them on. */

import type { KnownAt } from "./fact-reader.ts";
import { pagesOf } from "./loader.ts";
import type { Directory, Name, Range } from "./store.ts";

const PAGE = 1000;

/** Names from and to these, both inclusive. `to` is for names in ASCII: it also lets its continuations through. */
export type Names = Pick<Range, "from" | "to" | "descending">;

/**
 * The names of a span, whenever they were heard: a name may have been put by another fact than those that count,
 * so whoever is after facts asks the facts. Reads on only while more are taken.
 */
export async function* namesIn(
  { store }: KnownAt,
  directory: Directory,
  span: Names = {},
  limit = PAGE,
): AsyncGenerator<Name> {
  for await (const page of pagesOf((cursor) => store.names(directory, { ...span, limit, ...cursor })))
    yield* page;
}

/** All names of a directory, whenever they were heard. */
export async function names({ store }: KnownAt, directory: Directory): Promise<Name[]> {
  const found: Name[] = [];
  for await (const page of pagesOf((cursor) => store.names(directory, { limit: PAGE, ...cursor })))
    found.push(...page);
  return found;
}

/** The names of a directory that had been heard by then, from one of them on or behind it. */
export async function* knownNames(
  knowledge: KnownAt,
  directory: Directory,
  from: { readonly from?: string | undefined; readonly after?: string | undefined } = {},
  limit = ANSWER_PAGE,
): AsyncGenerator<Name> {
  const start = from.from ?? from.after;
  const found = namesIn(knowledge, directory, start === undefined ? {} : { from: start }, limit);
  for await (const name of found) {
    if (name.recordedAt <= knowledge.knownAt && name.name !== from.after) yield name;
  }
}

/** A page of an answer, with the name that it begins behind and one to see whether there is more. */
const ANSWER_PAGE = 102;

/** A name of a directory as it was first heard; undefined if it had not been by then. */
export async function knownName(
  knowledge: KnownAt,
  directory: Directory,
  name: string,
): Promise<Name | undefined> {
  for await (const found of namesIn(knowledge, directory, { from: name }, 1))
    return found.name === name && found.recordedAt <= knowledge.knownAt ? found : undefined;
  return undefined;
}

/** The first of what is generated, and whether there is more. */
export async function take<T>(
  found: AsyncIterable<T>,
  limit: number,
): Promise<{ taken: T[]; more: boolean }> {
  const taken: T[] = [];
  for await (const one of found) {
    if (taken.length === limit) return { taken, more: true };
    taken.push(one);
  }
  return { taken, more: false };
}

/** All names of a directory that had been heard by then. */
export async function allKnownNames(knowledge: KnownAt, directory: Directory): Promise<Name[]> {
  return (await take(knownNames(knowledge, directory, {}, PAGE), Number.POSITIVE_INFINITY)).taken;
}
