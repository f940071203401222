/** Schedules reads by turns of the event loop: small reads of a turn run together, large reads one in each turn. */

/** One queued read. */
export interface Waiting<Q, R> {
  readonly query: Q;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects the queries of a turn and answers them with one call. Between two reads of a chain, other reads and network
 * input get their turn.
 */
export function together<Q, R>(
  answer: (waiting: readonly Waiting<Q, R>[]) => void,
): (query: Q) => Promise<R> {
  let waiting: Waiting<Q, R>[] = [];
  const flush = () => {
    const taken = waiting;
    waiting = [];
    answer(taken);
  };
  return (query) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ query, resolve, reject });
    });
}

/** Runs one piece of work in each turn, in order of arrival: even sixty exports delay a question by one page at most. */
export function oneByOne(): <R>(work: () => R) => Promise<R> {
  const queue: (() => void)[] = [];
  const next = () => {
    queue.shift()?.();
    if (queue.length > 0) setImmediate(next);
  };
  return (work) =>
    new Promise((resolve, reject) => {
      if (queue.length === 0) setImmediate(next);
      queue.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
}
