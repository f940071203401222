/**
 * The loader of one question: memoises reads, so that rules are plain sequential code and can prefetch what they will
 * need. A read that fails rejects only for the callers that await it.
 */
import type { Entry, Page, Partition, Store } from "./store.ts";

/** The read methods of the store that questions use. */
export type Reads = Pick<Store, "get" | "query" | "queryRecorded" | "count" | "names">;

export interface Loader extends Reads {
  /** Prefetch: starts reads now. The same read later returns the same promise, or is never made. */
  prefetch(...reads: readonly (() => Promise<unknown>)[]): void;
  /** What was read of partitions as facts (see `fact-reader.ts`). Absent in a question about many moments: it would fill the memory. */
  readonly readings?: Map<string, Pages<Entry>>;
}

/** A failure that nobody awaits must not become an unhandled rejection, which would end the process. */
function owned<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Calls a function once for each distinct list of arguments (compared as JSON), and keeps its result or failure. */
export function memoised<A extends readonly unknown[], T>(
  load: (...args: A) => Promise<T>,
  keyOf: (...args: A) => string = (...args) => JSON.stringify(args),
): (...args: A) => Promise<T> {
  const loaded = new Map<string, Promise<T>>();
  return (...args) => {
    const key = keyOf(...args);
    const answer = loaded.get(key) ?? owned(load(...args));
    loaded.set(key, answer);
    return answer;
  };
}

/** A text that no other partition has: each value has its length before it. Cheaper than JSON, and a release makes dozens. */
export function partitionText(partition: Partition): string {
  let text = "";
  for (const [field, value] of Object.entries(partition)) {
    const one = typeof value === "string" ? value : JSON.stringify(value);
    text += `${field} ${one.length} ${one} `;
  }
  return text;
}

/** A loader over a store. It keeps everything that it reads, so use one for each question. */
export const loaderOf = (store: Reads): Loader => ({
  get: memoised((identities) => store.get(identities)),
  query: memoised(
    (partition, range) => store.query(partition, range),
    (partition, { from, to, descending, limit, cursor }) =>
      `${partitionText(partition)} ${[from, to, descending, limit, cursor].join(" ")}`,
  ),
  queryRecorded: memoised((partition, range) => store.queryRecorded(partition, range)),
  count: memoised((partition, to) => store.count(partition, to)),
  names: memoised((directory, range) => store.names(directory, range)),
  readings: new Map(),
  prefetch(...reads) {
    for (const read of reads) void owned(read());
  },
});

/** The pages of a reading by number, from 0: undefined after the last one, a promise while one is loaded. */
export type Pages<T> = (n: number) => readonly T[] | undefined | Promise<readonly T[] | undefined>;

/**
 * The pages of a reading that several callers take, each in order: every page is loaded once. One that is there is no
 * promise, because a question takes dozens of times what was read already.
 * @param next loads the next page; one without a cursor is the last
 */
export function shared<T>(next: () => Promise<Page<T>>): Pages<T> {
  const loaded: (readonly T[])[] = [];
  let isWhole = false;
  let loading: Promise<readonly T[]> | undefined;
  return (n) => {
    if (n < loaded.length || isWhole) return loaded[n];
    loading ??= next().then(({ entries, cursor }) => {
      loaded.push(entries);
      isWhole = cursor === undefined;
      loading = undefined;
      return entries;
    });
    return loading;
  };
}

/** The items of pages, one by one. Not a generator, each step of which would cost several promises. */
export function itemsOf<T extends object, R>(
  pages: Pages<T>,
  show: (item: T) => R,
): AsyncIterableIterator<R, undefined> {
  let [page, item] = [0, 0];
  const next = (): Promise<IteratorResult<R, undefined>> => {
    for (;;) {
      const taken = pages(page);
      if (taken instanceof Promise) return taken.then(next);
      if (taken === undefined) return Promise.resolve({ done: true, value: undefined });
      const one = taken[item];
      item = one === undefined ? 0 : item + 1;
      if (one !== undefined) return Promise.resolve({ done: false, value: show(one) });
      page += 1;
    }
  };
  const items = { next, [Symbol.asyncIterator]: () => items };
  return items;
}

/** Loads the pages of a reading, one with each call; one without a cursor is the last. `n` counts them from 0. */
export function pageByPage<T>(
  load: (from: { readonly cursor?: string }, n: number) => Promise<Page<T>>,
): () => Promise<Page<T>> {
  let from: { readonly cursor?: string } = {};
  let n = 0;
  return async () => {
    const page: Page<T> = await load(from, n++);
    if (page.cursor !== undefined) from = { cursor: page.cursor };
    return page;
  };
}

/** The pages of a reading, loaded as the caller takes them. */
export async function* pagesOf<T>(load: Parameters<typeof pageByPage<T>>[0]): AsyncGenerator<readonly T[]> {
  const next = pageByPage(load);
  for (let page: Page<T> | undefined = await next(); page !== undefined; ) {
    yield page.entries;
    page = page.cursor === undefined ? undefined : await next();
  }
}

/** Reads one item ahead, starting now: the next item loads while the caller uses the current one. */
export function ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = owned(items.next());
  async function* all() {
    for (let item = await next; item.done !== true; item = await next) {
      next = owned(items.next());
      yield item.value;
    }
  }
  return all();
}
