/** Reading a partition as it was known at some moment: retracted and later-recorded facts are stepped over. */
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { endOf } from "./canonical.ts";
import type { Reads } from "./loader.ts";
import type { Entry, Identity, Partition } from "./store.ts";

/** What is asked of: the store, and the moment whose knowledge counts. */
export interface KnownAt {
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

/** Those entries whose fact was recorded: a pointer is put before its fact, which may never have come. */
export async function confirmed({ store }: KnownAt, entries: readonly Entry[]): Promise<Entry[]> {
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

/** Lets through what was known and not retracted, page by page. A retraction stands right behind its target. */
function visibility(knownAt: string, descending: boolean) {
  const retracted = new Set<string>();
  // Going up, a retraction comes after its target, so each entry waits for what follows it.
  let held: Entry | undefined;
  function retract({ target }: FactOf<"fact.retracted">): void {
    retracted.add(keyOf(target));
    if (held !== undefined && keyOf(held.fact) === keyOf(target)) held = undefined;
  }
  /** The entry that is shown once this one was read, if any. */
  function take(entry: Entry): Entry | undefined {
    const { fact } = entry;
    if (fact.recordedAt > knownAt) return undefined;
    if (fact.kind === "fact.retracted") {
      retract(fact);
      return undefined;
    }
    if (descending) return retracted.size > 0 && retracted.has(keyOf(fact)) ? undefined : entry;
    const before = held;
    held = entry;
    return before;
  }
  return (page: readonly Entry[], isLast: boolean): Entry[] => {
    const shown: Entry[] = [];
    for (const entry of page) {
      const one = take(entry);
      if (one !== undefined) shown.push(one);
    }
    if (isLast && held !== undefined) shown.push(held);
    return shown;
  };
}

/** Gives the next page of a reading; undefined: there is none. */
type Next = () => Promise<readonly Entry[] | undefined>;

/** An order that a span begins at, if there can be anything in it. */
function startOf({ from, after, to }: Span): string | undefined {
  // Nothing is known of what comes after ever.
  if (after !== undefined && after >= EVER) return undefined;
  const start = after === undefined ? (from ?? "") : endOf(after);
  return to !== undefined && start > endOf(to) ? undefined : start;
}

/**
 * Reads a partition page by page, and shows what was known and not retracted. A plain function: a release makes a dozen
 * readings, and generators within generators cost more than all else that it does.
 * @param isDoubted whether the pointers of a page have to be confirmed
 */
function reading(
  knowledge: KnownAt,
  partition: Partition,
  span: Span,
  sizes: Pages,
  isDoubted: (page: readonly Entry[]) => boolean = () => true,
): Next {
  const { to, descending = false } = span;
  const from = startOf(span);
  const range = {
    ...(from === undefined || from === "" ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    descending,
  };
  const visible = visibility(knowledge.knownAt, descending);
  let rest: { readonly cursor?: string } | undefined = from === undefined ? undefined : {};
  let n = 0;
  return async () => {
    if (rest === undefined) return undefined;
    const limit = sizes[n++] ?? sizes.at(-1) ?? sizes[0];
    const { entries, cursor } = await knowledge.store.query(partition, { ...range, limit, ...rest });
    rest = cursor === undefined ? undefined : { cursor };
    const page = isDoubted(entries) ? await confirmed(knowledge, entries) : entries;
    return visible(page, rest === undefined);
  };
}

/** The facts of a partition that were known and not retracted, in order: as far as the caller reads. */
export async function* history(
  knowledge: KnownAt,
  partition: Partition,
  span: Span = {},
  sizes: Pages = WALK,
): AsyncGenerator<Fact> {
  const next = reading(knowledge, partition, span, sizes);
  for (let page = await next(); page !== undefined; page = await next()) {
    for (const { fact } of page) yield fact;
  }
}

/** The facts up to a moment, newest first, as they are read: for who decides by what there is whether to read on. */
export async function* pagesBack(
  knowledge: KnownAt,
  partition: Partition,
  at: string,
): AsyncGenerator<readonly Fact[]> {
  const next = reading(knowledge, partition, { to: at, descending: true }, WALK);
  for (let page = await next(); page !== undefined; page = await next()) yield page.map(({ fact }) => fact);
}

/** The first fact of a span, or none. */
export async function first(knowledge: KnownAt, partition: Partition, span: Span): Promise<Fact | undefined> {
  const next = reading(knowledge, partition, span, ONE);
  for (let page = await next(); page !== undefined; page = await next()) {
    const [entry] = page;
    if (entry !== undefined) return entry.fact;
  }
  return undefined;
}

/** The facts up to a moment, newest first, for who seldom needs more than the first. */
export const backwards = (knowledge: KnownAt, partition: Partition, at: string): AsyncGenerator<Fact> =>
  history(knowledge, partition, { to: at, descending: true }, ONE);

/** The newest fact at a moment: the answer of one request, at any length of history. */
export const newest = (knowledge: KnownAt, partition: Partition, at: string): Promise<Fact | undefined> =>
  first(knowledge, partition, { to: at, descending: true });

async function collected(next: Next): Promise<Entry[]> {
  const list: Entry[] = [];
  for (let page = await next(); page !== undefined; page = await next()) list.push(...page);
  return list;
}

export async function all(knowledge: KnownAt, partition: Partition, span: Span = {}): Promise<Fact[]> {
  const entries = await collected(reading(knowledge, partition, span, WHOLE));
  return entries.map(({ fact }) => fact);
}

/**
 * Like `all`, without the request that confirms pointers: whoever asks does that beside the next step. A
 * retraction is confirmed here all the same, or one that never came would hide its target.
 */
export function hits(knowledge: KnownAt, partition: Partition): Promise<Entry[]> {
  const takesBack = (page: readonly Entry[]) =>
    page.some(({ fact, provisional }) => provisional && fact.kind === "fact.retracted");
  return collected(reading(knowledge, partition, {}, WHOLE, takesBack));
}
