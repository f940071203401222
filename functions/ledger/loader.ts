/**
 * The loader of one question: memoises reads, so that rules are plain sequential code and can prefetch what they will
 * need. A read that fails rejects only for the callers that await it.
 */
import type { Page, Store } from "./store.ts";

/** The read methods of the store that questions use. */
export type Reads = Pick<Store, "get" | "query" | "queryRecorded" | "count" | "names">;

export interface Loader extends Reads {
  /** Prefetch: starts reads now. The same read later returns the same promise, or is never made. */
  prefetch(...reads: readonly (() => Promise<unknown>)[]): void;
}

/** A failure that nobody awaits must not become an unhandled rejection, which would end the process. */
function owned<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Calls a function once for each distinct list of arguments (compared as JSON), and keeps its result or failure. */
export function memoised<A extends readonly unknown[], T>(
  load: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const loaded = new Map<string, Promise<T>>();
  return (...args) => {
    const key = JSON.stringify(args);
    const answer = loaded.get(key) ?? owned(load(...args));
    loaded.set(key, answer);
    return answer;
  };
}

/** A loader over a store. It keeps everything that it reads, so use one for each question. */
export const loaderOf = (store: Reads): Loader => ({
  get: memoised((identities) => store.get(identities)),
  query: memoised((partition, range) => store.query(partition, range)),
  queryRecorded: memoised((partition, range) => store.queryRecorded(partition, range)),
  count: memoised((partition, to) => store.count(partition, to)),
  names: memoised((directory, range) => store.names(directory, range)),
  prefetch(...reads) {
    for (const read of reads) void owned(read());
  },
});

/** The pages of a reading, loaded as the caller takes them. `n` counts them from 0. */
export async function* pagesOf<T>(
  load: (from: { readonly cursor?: string }, n: number) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
  let from: { readonly cursor?: string } | undefined = {};
  for (let n = 0; from !== undefined; n++) {
    const { entries, cursor }: Page<T> = await load(from, n);
    yield entries;
    from = cursor === undefined ? undefined : { cursor };
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
