/** Times of competitors in one run: their samples take turns, so that what disturbs one disturbs the others. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? upper) + upper) / 2 : upper;
};

/** The value that 95 of 100 do not exceed. */
export const p95 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Does the nth sample of something. */
export type Sample = (n: number) => Promise<unknown>;

/** Times so many samples of each, by name, in milliseconds; who begins changes from sample to sample. */
export async function inTurns<K extends string>(
  samples: number,
  competitors: Record<K, Sample>,
): Promise<Map<string, number[]>> {
  const names = Object.keys(competitors);
  const works = new Map<string, Sample>(Object.entries(competitors));
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let n = 0; n < samples; n++) {
    const first = n % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      times.get(name)?.push(await msOf(() => works.get(name)?.(n) ?? Promise.resolve()));
    }
  }
  return times;
}
