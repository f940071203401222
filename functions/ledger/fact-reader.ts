/** Reading a partition as it was known at some moment: retracted and later-recorded facts are stepped over. */
import type { Fact } from "../../schemas/fact.ts";
import { endOf } from "./canonical.ts";
import { pagesOf, type Reads } from "./loader.ts";
import type { Entry, Identity, Partition } from "./store.ts";

/** What is asked of: the store, and the moment whose knowledge counts. */
export interface Knowledge {
  readonly store: Reads;
  readonly knownAt: string;
}

/** Times are inclusive; `after` is a time or an order that itself is left out. */
export interface Span {
  readonly from?: string;
  readonly after?: string;
  readonly to?: string;
  readonly descending?: boolean;
}

/** How many entries the pages of a reading have: a round trip costs more than what it reads in vain. */
export type Pages = readonly [number, ...number[]];
/** For the newest or the next fact: a second entry, in case the first was retracted or not yet known. */
export const ONE: Pages = [2, 16, 128, 1000];
/** For a walk that ends where its answer lies. */
const WALK: Pages = [32, 1000];
/** For a walk that mostly ends at once. */
export const FEW: Pages = [5, 100, 1000];
/** For everything there is. */
const WHOLE: Pages = [1000];

/** After every time: the bound of a reading that wants the newest there is. */
export const EVER = "9999";

export const keyOf = ({ source, id }: Identity): string => JSON.stringify([source, id]);

/** Each of some facts once, in their order. */
export const distinct = <F extends Identity>(facts: readonly F[]): F[] => [
  ...new Map(facts.map((fact) => [keyOf(fact), fact])).values(),
];

async function* pages(
  { store }: Knowledge,
  partition: Partition,
  { from: first, after, to, descending = false }: Span,
  sizes: Pages,
): AsyncGenerator<readonly Entry[]> {
  // Nothing is known of what comes after ever.
  if (after !== undefined && after >= EVER) return;
  const from = after === undefined ? first : endOf(after);
  if (from !== undefined && to !== undefined && from > endOf(to)) return;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), descending };
  yield* pagesOf((cursor, n) => {
    const limit = sizes[n] ?? sizes.at(-1) ?? sizes[0];
    return store.query(partition, { ...range, limit, ...cursor });
  });
}

/** Those entries whose fact was recorded: a pointer is put before its fact, which may never have come. */
export async function confirmed({ store }: Knowledge, entries: readonly Entry[]): Promise<Entry[]> {
  const doubtful = entries.filter(({ provisional }) => provisional);
  if (doubtful.length === 0) return [...entries];
  const identities = doubtful.map(({ fact: { source, id } }) => ({ source, id }));
  const stored = new Map((await store.get(identities)).map((fact) => [keyOf(fact), fact]));
  return entries.flatMap((entry) => {
    if (!entry.provisional) return [entry];
    const fact = stored.get(keyOf(entry.fact));
    const isSame =
      fact?.statementHash === entry.fact.statementHash && fact.occurredAt === entry.fact.occurredAt;
    return isSame ? [{ fact, provisional: false }] : [];
  });
}

/** Lets through what was known and not retracted. A retraction stands right behind its target. */
function visibility(knownAt: string, descending: boolean) {
  const retracted = new Set<string>();
  // Going up, a retraction comes after its target, so each entry waits for what follows it.
  let held: Entry | undefined;
  const release = (): Entry[] => (held === undefined ? [] : [held]);
  const take = (entry: Entry): Entry[] => {
    const { fact } = entry;
    if (fact.recordedAt > knownAt) return [];
    if (fact.kind === "fact.retracted") {
      retracted.add(keyOf(fact.target));
      if (held !== undefined && keyOf(held.fact) === keyOf(fact.target)) held = undefined;
      return [];
    }
    if (descending) return retracted.has(keyOf(fact)) ? [] : [entry];
    const before = release();
    held = entry;
    return before;
  };
  return { take, release };
}

async function* visible({ knownAt }: Knowledge, found: AsyncIterable<readonly Entry[]>, descending: boolean) {
  const { take, release } = visibility(knownAt, descending);
  for await (const page of found) yield page.flatMap(take);
  yield release();
}

async function* factPages(
  knowledge: Knowledge,
  partition: Partition,
  span: Span,
  sizes: Pages,
): AsyncGenerator<readonly Fact[]> {
  async function* sure() {
    for await (const page of pages(knowledge, partition, span, sizes)) yield await confirmed(knowledge, page);
  }
  for await (const page of visible(knowledge, sure(), span.descending ?? false))
    yield page.map(({ fact }) => fact);
}

/** The facts of a partition that were known and not retracted, in order: as far as the caller reads. */
export async function* history(
  knowledge: Knowledge,
  partition: Partition,
  span: Span = {},
  sizes: Pages = WALK,
): AsyncGenerator<Fact> {
  for await (const page of factPages(knowledge, partition, span, sizes)) yield* page;
}

/** The facts up to a moment, newest first, as they are read: for who decides by what there is whether to read on. */
export const pagesBack = (
  knowledge: Knowledge,
  partition: Partition,
  at: string,
): AsyncGenerator<readonly Fact[]> => factPages(knowledge, partition, { to: at, descending: true }, WALK);

/** The first fact of a span, or none. */
export async function first(
  knowledge: Knowledge,
  partition: Partition,
  span: Span,
): Promise<Fact | undefined> {
  for await (const fact of history(knowledge, partition, span, ONE)) return fact;
  return undefined;
}

/** The facts up to a moment, newest first, for who seldom needs more than the first. */
export const backwards = (knowledge: Knowledge, partition: Partition, at: string): AsyncGenerator<Fact> =>
  history(knowledge, partition, { to: at, descending: true }, ONE);

/** The newest fact at a moment: the answer of one request, at any length of history. */
export const newest = (knowledge: Knowledge, partition: Partition, at: string): Promise<Fact | undefined> =>
  first(knowledge, partition, { to: at, descending: true });

async function collect<T>(found: AsyncIterable<readonly T[]>): Promise<T[]> {
  const list: T[] = [];
  for await (const page of found) list.push(...page);
  return list;
}

export const all = (knowledge: Knowledge, partition: Partition, span: Span = {}): Promise<Fact[]> =>
  collect(factPages(knowledge, partition, span, WHOLE));

/**
 * Like `all`, without the request that confirms pointers: whoever asks does that beside the next step. A
 * retraction is confirmed here all the same, or one that never came would hide its target.
 */
export function hits(knowledge: Knowledge, partition: Partition): Promise<Entry[]> {
  async function* found() {
    for await (const page of pages(knowledge, partition, {}, WHOLE)) {
      const takesBack = page.some(({ fact, provisional }) => provisional && fact.kind === "fact.retracted");
      yield takesBack ? await confirmed(knowledge, page) : page;
    }
  }
  return collect(visible(knowledge, found(), false));
}
