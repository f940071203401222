/** The request in progress: who made it, and how much of the store it used. Code below the endpoints adds to it. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Store } from "./store.ts";

export interface RequestContext {
  /** Stands in the answer, in the log, and in the receipt of every fact. */
  readonly id: string;
  /** Calls of the store so far. */
  storeRequests: number;
  /** Absent until the sender is authenticated. */
  who?: { readonly name: string; readonly role: string };
}

const contexts = new AsyncLocalStorage<RequestContext>();

export const newContext = (id: string): RequestContext => ({ id, storeRequests: 0 });

/** Runs some work as part of a request. */
export const inRequest = <T>(context: RequestContext, work: () => T): T => contexts.run(context, work);

/** Undefined outside of a request. */
export const currentRequest = (): RequestContext | undefined => contexts.getStore();

/** Notes who makes the current request, also if it is refused afterwards. */
export function identify(name: string, role: string): void {
  const context = currentRequest();
  if (context !== undefined) context.who = { name, role };
}

function counted<A extends readonly unknown[], T>(
  call: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  return (...args) => {
    const context = currentRequest();
    if (context !== undefined) context.storeRequests++;
    return call(...args);
  };
}

/** The same store; each of its calls counts for the request that makes it. */
export const countingStore = (store: Store): Store => ({
  put: counted(store.put),
  derive: counted(store.derive),
  get: counted(store.get),
  rawHashOf: counted(store.rawHashOf),
  query: counted(store.query),
  queryRecorded: counted(store.queryRecorded),
  count: counted(store.count),
  names: counted(store.names),
});
