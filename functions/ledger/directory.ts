/** Reading directories: the names that had been heard by some moment, in their order, from any of them on. */
import type { Knowledge } from "./read.ts";
import type { Directory, Name, Range } from "./store.ts";

const PAGE = 100;

/** Names from and to these, both inclusive. `to` is for names in ASCII: it also lets its continuations through. */
export type Names = Pick<Range, "from" | "to" | "descending">;

/** The names of a span that had been heard by then; reads on only while more are taken. */
export async function* namesIn(
  { store, knownAt }: Knowledge,
  directory: Directory,
  span: Names = {},
): AsyncGenerator<Name> {
  let cursor: string | undefined;
  do {
    const page = await store.names(directory, {
      ...span,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const name of page.entries) if (name.recordedAt <= knownAt) yield name;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** The names behind one of them, or all. */
export async function* namesAfter(
  knowledge: Knowledge,
  directory: Directory,
  after: string | undefined,
): AsyncGenerator<Name> {
  const span = after === undefined ? {} : { from: after };
  for await (const name of namesIn(knowledge, directory, span)) if (name.name !== after) yield name;
}

/** A name of a directory as it was first heard; undefined if it had not been by then. */
export async function heardAs(
  { store, knownAt }: Knowledge,
  directory: Directory,
  name: string,
): Promise<Name | undefined> {
  let cursor: string | undefined;
  do {
    const range = { from: name, limit: 1, ...(cursor === undefined ? {} : { cursor }) };
    const page = await store.names(directory, range);
    const [found] = page.entries;
    if (found !== undefined) return found.name === name && found.recordedAt <= knownAt ? found : undefined;
    cursor = page.cursor;
  } while (cursor !== undefined);
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
