/** Concurrency with a limit. */

/** Concurrent reads of one request: enough to hide latency, too few to throttle the table. */
export const AT_ONCE = 16;

/** Like `Promise.all` over `items.map(work)`, with at most `limit` at once. Results are in the order of the items. */
export async function mapLimit<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  // All workers take from one iterator, so that each item is taken once.
  async function worker(): Promise<void> {
    for (const [n, item] of rest) results[n] = await work(item);
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
