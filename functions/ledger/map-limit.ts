/** Much work, some of it at a time. */

/** So many questions of one request run at once: enough to hide latency, too few to throttle the table. */
export const AT_ONCE = 16;

/** Does the work of every item, at most `limit` at once, and returns what came of each in the items' order. */
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
