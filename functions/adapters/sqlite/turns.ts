/** Reads in turns of the event loop: small ones of a turn together, large ones one a turn. */

/** One read that waits for its turn. */
export interface Waiting<Q, R> {
  readonly query: Q;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects the queries of a turn and answers them with one call. A chain of reads thus gives way to others between
 * any two of them, and to what came in over the network.
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

/** Runs one piece of work a turn, in the order in which they came: sixty exports hold up a question by one page. */
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
