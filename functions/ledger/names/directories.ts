/** Reading directories: names in order, by when they became known. */

import type { KnownAt } from "../fact-reader.ts";
import { itemsOf, pageByPage, shared } from "../loader.ts";
import type { Directory, Name, Range } from "../store.ts";
import { allNames } from "./name-pages.ts";

const PAGE = 1000;

/** Inclusive bounds of names. `to` is a prefix: it also includes the names that start with it. ASCII only. */
export type Names = Pick<Range, "from" | "to" | "descending">;

/** Names in order. Pages are read as the caller takes names. */
type Listed = AsyncIterableIterator<Name, undefined>;

/** The names of a span of which a test holds. */
function listed(
  { store }: KnownAt,
  directory: Directory,
  range: Names & Pick<Range, "limit">,
  isShown: (name: Name) => boolean,
): Listed {
  const next = pageByPage((cursor) => store.names(directory, { ...range, ...cursor }));
  const shown = async () => {
    const page = await next();
    return { ...page, entries: page.entries.filter(isShown) };
  };
  return itemsOf(shared(shown), (name) => name);
}

/**
 * The names of a span, whenever they became known. A name does not prove that a fact which counts uses it, so check the
 * facts. It reads further pages only as the caller takes more names.
 */
export const namesIn = (known: KnownAt, directory: Directory, span: Names = {}, limit = PAGE): Listed =>
  listed(known, directory, { ...span, limit }, () => true);

/** The names of a directory known by `knownAt`: starting at the name `from`, or after the name `after`. */
export function knownNames(
  knowledge: KnownAt,
  directory: Directory,
  { from, after }: { readonly from?: string | undefined; readonly after?: string | undefined } = {},
  limit = ANSWER_PAGE,
): Listed {
  const start = from ?? after;
  const range = { ...(start === undefined ? {} : { from: start }), limit };
  return listed(
    knowledge,
    directory,
    range,
    ({ name, recordedAt }) => recordedAt <= knowledge.knownAt && name !== after,
  );
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
export const allKnownNames = async ({ store, knownAt }: KnownAt, directory: Directory): Promise<Name[]> =>
  (await allNames(store, directory)).filter(({ recordedAt }) => recordedAt <= knownAt);
