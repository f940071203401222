/**
 * The loader of one question: each read is made once, whoever asks for it, so that rules read as plain sequential code
 * and start what they will need later ahead of time. No promise is left without an owner: a failure reaches whoever
 * awaits that read, and nobody else.
 */
import type { Page, Store } from "./store.ts";

/** What questions need of the store. */
export type Reads = Pick<Store, "get" | "query" | "queryRecorded" | "count" | "names">;

export interface Loader extends Reads {
  /**
   * Starts reads that will be needed later, or perhaps never. Whoever needs one calls for it again and gets what is on its
   * way already, or its failure.
   */
  prefetch(...reads: readonly (() => Promise<unknown>)[]): void;
}

/** A failure that nobody awaits must not become an unhandled rejection, which would end the process. */
function owned<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Calls a function once for each distinct list of arguments; what came of it, a failure too, is kept. */
export function memoised<A extends readonly unknown[], T>(
  ask: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (...args) => {
    const key = JSON.stringify(args);
    const answer = asked.get(key) ?? owned(ask(...args));
    asked.set(key, answer);
    return answer;
  };
}

/** A loader over a store. It keeps all that it read, so it is made for one question and dropped with it. */
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

/** Pages of the store from the first on, as far as the caller reads. `n` counts them from 0. */
export async function* pagesOf<T>(
  ask: (from: { readonly cursor?: string }, n: number) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
  let from: { readonly cursor?: string } | undefined = {};
  for (let n = 0; from !== undefined; n++) {
    const { entries, cursor }: Page<T> = await ask(from, n);
    yield entries;
    from = cursor === undefined ? undefined : { cursor };
  }
}

/** Items that are each asked for while the one before is in use: from now on, and one ahead. */
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
