/** Reading directories: names in order, by when they became known. */

import type { KnownAt } from "../fact-reader.ts";
import { pagesOf } from "../loader.ts";
import type { Directory, Name, Range } from "../store.ts";

const PAGE = 1000;

/** Inclusive bounds of names. `to` is a prefix: it also includes the names that start with it. ASCII only. */
export type Names = Pick<Range, "from" | "to" | "descending">;

/**
 * The names of a span, whenever they became known. A name does not prove that a fact which counts uses it, so check the
 * facts. It reads further pages only as the caller takes more names.
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

/** The names of a directory known by `knownAt`: starting at the name `from`, or after the name `after`. */
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

/** 100 entries of an answer, plus the name that it starts after, plus one that shows whether there is more. */
const ANSWER_PAGE = 102;

/** A name of a directory in its first recorded spelling; undefined if it was not known by `knownAt`. */
export async function knownName(
  knowledge: KnownAt,
  directory: Directory,
  name: string,
): Promise<Name | undefined> {
  for await (const found of namesIn(knowledge, directory, { from: name }, 1))
    return found.name === name && found.recordedAt <= knowledge.knownAt ? found : undefined;
  return undefined;
}

/** The first `limit` items, and whether there are more. */
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

/** All names of a directory known by `knownAt`. */
export async function allKnownNames(knowledge: KnownAt, directory: Directory): Promise<Name[]> {
  return (await take(knownNames(knowledge, directory, {}, PAGE), Number.POSITIVE_INFINITY)).taken;
}
