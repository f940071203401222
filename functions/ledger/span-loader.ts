/**
 * The loader of a question about many moments of one span. It reads a partition's part of the span once, and answers
 * the reads of each moment from memory. It also reads what is before and after the span only once.
 */
import { isAboutAnother } from "../../schemas/fact.ts";
import { endOf, order } from "./canonical.ts";
import { type Loader, loaderOf, memoised, pagesOf, type Reads } from "./loader.ts";
import type { Entry, Page, Partition, Range } from "./store.ts";

/** The partitions that each moment reads: those of a service. The others are of images, deployments and people. */
const EACH: ReadonlySet<Partition["of"]> = new Set([
  "run",
  "part",
  "observed",
  "attempt",
  "service",
  "tasks",
]);

/** Entries per request when a span is read. */
const WHOLE = 1000;

/** Sorts after every time. */
const EVER = "9999";

/** Inclusive times. */
interface Span {
  readonly from: string;
  readonly to: string;
}

interface Keyed {
  readonly key: string;
  readonly entry: Entry;
}

const moved = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();

/** A retraction and a dispute stand directly after their target, so they have its key here. */
function keyed(entries: readonly Entry[]): Keyed[] {
  let key = "";
  return entries.map((entry) => {
    if (!isAboutAnother(entry.fact)) key = order(entry.fact);
    return { key, entry };
  });
}

/** The number of items whose key is less than a bound. Keys ascend. */
function countBelow(items: readonly Keyed[], bound: string): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.key ?? "") < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

const MEMORY = "memory ";
const STORE = "store ";

export function spanLoader(reads: Reads, span: Span): Loader {
  const { readings: _, ...store } = loaderOf(reads);

  const held = memoised(async (partition: Partition): Promise<readonly Keyed[]> => {
    const entries: Entry[] = [];
    const pages = pagesOf((from) => store.query(partition, { ...span, limit: WHOLE, ...from }));
    for await (const page of pages) entries.push(...page);
    return keyed(entries);
  });

  /** What is asked of the store beyond the span; undefined if the range ends within it. */
  function beyond(range: Range): Range | undefined {
    const { from = "", to = EVER, descending } = range;
    const end = moved(span.from, -1);
    const start = moved(span.to, 1);
    if (descending) return from > endOf(end) ? undefined : { ...range, to: end };
    return endOf(to) < start ? undefined : { ...range, from: start };
  }

  async function further(partition: Partition, range: Range, cursor?: string): Promise<Page<Entry>> {
    const rest = beyond(range);
    if (rest === undefined) return { entries: [] };
    const page = await store.query(partition, { ...rest, ...(cursor === undefined ? {} : { cursor }) });
    return {
      entries: page.entries,
      ...(page.cursor === undefined ? {} : { cursor: `${STORE}${page.cursor}` }),
    };
  }

  async function fromMemory(partition: Partition, range: Range, taken: number): Promise<Page<Entry>> {
    const { from = "", to, descending = false, limit } = range;
    const items = await held(partition);
    const low = countBelow(items, from);
    const high = to === undefined ? items.length : countBelow(items, endOf(to));
    const [start, end] = descending
      ? [Math.max(low, high - taken - limit), high - taken]
      : [low + taken, Math.min(high, low + taken + limit)];
    const entries = items.slice(start, Math.max(start, end)).map(({ entry }) => entry);
    if (descending) entries.reverse();
    if (entries.length === limit) return { entries, cursor: `${MEMORY}${taken + limit}` };
    // An answer from memory alone is enough for most readings: what is beyond is read only if they go on.
    if (entries.length > 0) return { entries, ...(beyond(range) === undefined ? {} : { cursor: STORE }) };
    return further(partition, range);
  }

  /** Whether a range starts in the span, in its own direction. */
  const startsWithin = ({ from, to, descending }: Range): boolean => {
    const start = descending ? to : from;
    return start !== undefined && start >= span.from && start <= endOf(span.to);
  };

  return {
    ...store,
    query(partition, range) {
      if (!EACH.has(partition.of) || !startsWithin(range)) return store.query(partition, range);
      const { cursor, ...bare } = range;
      if (cursor === undefined) return fromMemory(partition, bare, 0);
      return cursor.startsWith(MEMORY)
        ? fromMemory(partition, bare, Number(cursor.slice(MEMORY.length)))
        : further(partition, bare, cursor.slice(STORE.length) || undefined);
    },
  };
}
