/**
 * Reads a partition as known at a moment: it skips facts that were recorded later, facts that were retracted, and imported
 * facts that repeat what a live sender reports.
 */
import { type Fact, type FactOf, isAboutAnother } from "../../schemas/fact.ts";
import { endOf } from "./canonical.ts";
import { applying, eventOf, isApplied, isDeclaration, isImported, isRepeated, sameEvent } from "./imports.ts";
import { itemsOf, type Pages as Loaded, type Loader, partitionText, type Reads, shared } from "./loader.ts";
import { AT_ONCE, mapLimit } from "./map-limit.ts";
import type { Entry, Identity, Page, Partition } from "./store.ts";

/** The store to read, and the time by which facts must be recorded to count. */
export interface KnownAt {
  readonly store: Reads;
  readonly knownAt: string;
}

/** Bounds: `from` and `to` are inclusive; `after` is exclusive, a time or a sort key. */
export interface Span {
  readonly from?: string;
  readonly after?: string;
  readonly to?: string;
  readonly descending?: boolean;
}

/** Page sizes of a reading; the last one repeats. A round trip costs more than entries that turn out unneeded. */
export type Pages = readonly [number, ...number[]];
/** For a single fact: two entries, in case the first was retracted or not yet known. */
export const ONE: Pages = [2, 16, 128, 1000];
/** For a reading that ends at its answer. */
const WALK: Pages = [32, 1000];
/** For a reading that usually ends within a few entries. */
export const FEW: Pages = [5, 100, 1000];
/** For reading a whole span. */
const WHOLE: Pages = [1000];

/** Sorts after every time: the upper bound for reading the newest fact. */
export const EVER = "9999";

export const keyOf = ({ source, id }: Identity): string => JSON.stringify([source, id]);

/** The facts without duplicates, in their order. */
export const distinct = <F extends Identity>(facts: readonly F[]): F[] => [
  ...new Map(facts.map((fact) => [keyOf(fact), fact])).values(),
];

const withDispute = (fact: Fact, disputed: Fact["disputed"]): Fact =>
  disputed === undefined ? fact : { ...fact, disputed };

/** The entries whose fact exists: a pointer is written before its fact, and the fact's write may have failed. */
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
    return isSame ? [{ fact: withDispute(fact, entry.fact.disputed), provisional: false }] : [];
  });
}

/**
 * A filter of pages: facts that were known and not retracted, with their disputes. A retraction and a dispute sort
 * directly after their target.
 */
function visibility(knownAt: string, descending: boolean) {
  const retracted = new Set<string>();
  const disputes = new Map<string, FactOf<"statement.disputed">>();
  // In ascending order they come after their target, so each entry is held until the next one is read.
  let held: Entry | undefined;
  const annotated = (entry: Entry): Entry =>
    disputes.size === 0
      ? entry
      : { ...entry, fact: withDispute(entry.fact, disputes.get(keyOf(entry.fact))) };
  function retract({ target }: FactOf<"fact.retracted">): void {
    retracted.add(keyOf(target));
    if (held !== undefined && keyOf(held.fact) === keyOf(target)) held = undefined;
  }
  /** The entry that can be returned once this one is read, if any. */
  function take(entry: Entry): Entry | undefined {
    const { fact } = entry;
    if (fact.recordedAt > knownAt) return undefined;
    if (fact.kind === "fact.retracted") {
      retract(fact);
      return undefined;
    }
    if (fact.kind === "statement.disputed") {
      disputes.set(keyOf(fact.target), fact);
      return undefined;
    }
    if (descending) return retracted.size > 0 && retracted.has(keyOf(fact)) ? undefined : annotated(entry);
    const before = held;
    held = entry;
    return before === undefined ? undefined : annotated(before);
  }
  return (page: readonly Entry[], isLast: boolean): Entry[] => {
    const shown: Entry[] = [];
    for (const entry of page) {
      const one = take(entry);
      if (one !== undefined) shown.push(one);
    }
    if (isLast && held !== undefined) shown.push(annotated(held));
    return shown;
  };
}

/**
 * Everything known of the event that a fact reports. It is a reading that most questions need, too: for the evidence of a
 * deployment, for the family of a pushed image.
 */
async function factsOfEvent(knowledge: KnownAt, fact: Fact): Promise<Fact[]> {
  const event = eventOf(fact);
  if (event === undefined) return [];
  const entries = await collected(shared(knownPages(knowledge, event.partition, {}, WHOLE)));
  return entries.map((entry) => entry.fact);
}

/** What a live sender reported of the event that an imported fact reports. */
export async function liveReport(knowledge: KnownAt, fact: Fact): Promise<Fact | undefined> {
  if (!isImported(fact)) return undefined;
  return sameEvent(fact, await factsOfEvent(knowledge, fact)).find((one) => !isImported(one));
}

/** The imported facts of the event that a live fact of this partition reports. */
export async function alsoImported(
  knowledge: KnownAt,
  partition: Partition,
  live: Identity,
): Promise<Identity[]> {
  if (isImported(live)) return [];
  const facts = (await collected(shared(knownPages(knowledge, partition, {}, WHOLE)))).map(
    ({ fact }) => fact,
  );
  if (!facts.some(isImported)) return [];
  const own = facts.find((fact) => keyOf(fact) === keyOf(live));
  const imported = own === undefined ? [] : sameEvent(own, facts).filter(isImported);
  return imported.map(({ source, id }) => ({ source, id }));
}

/** Whether an imported fact adds nothing to what others report. */
async function isToldByOthers(knowledge: KnownAt, fact: Fact): Promise<boolean> {
  if (!isDeclaration(fact)) return isRepeated(fact, await factsOfEvent(knowledge, fact));
  const { partition, span } = applying(fact);
  const later = await collected(shared(knownPages(knowledge, partition, span, FEW)));
  return isApplied(
    fact,
    later.map((entry) => entry.fact),
  );
}

/** The entries without imported facts that repeat another: one request for each event that was imported. */
async function withoutRepeated(knowledge: KnownAt, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const kept = await mapLimit(AT_ONCE, entries, async (entry) => {
    const { fact } = entry;
    return isImported(fact) && (await isToldByOthers(knowledge, fact)) ? [] : [entry];
  });
  return kept.flat();
}

/** The sort key at which a span starts; undefined if the span is empty. */
function startOf({ from, after, to }: Span): string | undefined {
  // No fact can come after EVER.
  if (after !== undefined && after >= EVER) return undefined;
  const start = after === undefined ? (from ?? "") : endOf(after);
  return to !== undefined && start > endOf(to) ? undefined : start;
}

/**
 * A reading as questions see it, see `knownPages`: of what several rules read, each page is loaded and filtered once. Page
 * sizes are told apart by the first of them: no two lists of sizes may begin alike.
 */
function reading(
  knowledge: KnownAt,
  partition: Partition,
  span: Span,
  sizes: Pages,
  isDoubted?: Shown["isDoubted"],
): Loaded<Entry> {
  const made = () =>
    shared(knownPages(knowledge, partition, span, sizes, { isDoubted, isEachEventOnce: true }));
  const { store, knownAt }: { readonly store: Reads & Partial<Loader>; readonly knownAt: string } = knowledge;
  const { readings } = store;
  if (isDoubted !== undefined || readings === undefined) return made();
  const { from, after, to, descending } = span;
  const bounds = [from, after, to, descending, sizes[0], knownAt];
  const key = `${partitionText(partition)} ${bounds.join(" ")}`;
  const known = readings.get(key) ?? made();
  readings.set(key, known);
  return known;
}

interface Shown {
  /** Whether the pointers of a page must be confirmed; without it, always. */
  readonly isDoubted?: ((page: readonly Entry[]) => boolean) | undefined;
  /** Whether imported facts that repeat another are left out. */
  readonly isEachEventOnce?: boolean;
}

/**
 * Reads a partition page by page, and returns the facts that were known and not retracted.
 */
function knownPages(
  knowledge: KnownAt,
  partition: Partition,
  span: Span,
  sizes: Pages,
  { isDoubted = () => true, isEachEventOnce = false }: Shown = {},
): () => Promise<Page<Entry>> {
  const { to, descending = false } = span;
  const from = startOf(span);
  const range = {
    ...(from === undefined || from === "" ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    descending,
  };
  let visible: ReturnType<typeof visibility> | undefined;
  let rest: { readonly cursor?: string } | undefined = from === undefined ? undefined : {};
  let n = 0;
  return async () => {
    if (rest === undefined) return { entries: [] };
    const limit = sizes[n++] ?? sizes.at(-1) ?? sizes[0];
    const { entries, cursor } = await knowledge.store.query(partition, { ...range, limit, ...rest });
    rest = cursor === undefined ? undefined : { cursor };
    const isSure = !entries.some(({ provisional }) => provisional) || !isDoubted(entries);
    const page = isSure ? entries : await confirmed(knowledge, entries);
    // Most readings are empty.
    if (page.length > 0) visible ??= visibility(knowledge.knownAt, descending);
    const known = visible?.(page, rest === undefined) ?? [];
    const isRepeating = isEachEventOnce && known.some(({ fact }) => isImported(fact));
    return { ...rest, entries: isRepeating ? await withoutRepeated(knowledge, known) : known };
  };
}

/** Facts in order. Pages are read as the caller takes facts. */
export type Facts = AsyncIterableIterator<Fact, undefined>;

/** The facts of a partition that were known and not retracted, in order. It reads pages as the caller takes facts. */
export const history = (
  knowledge: KnownAt,
  partition: Partition,
  span: Span = {},
  sizes: Pages = WALK,
): Facts => itemsOf(reading(knowledge, partition, span, sizes), ({ fact }) => fact);

/** The facts up to a moment, newest first, in pages as read: for callers that decide page by page whether to read on. */
export async function* pagesBack(
  knowledge: KnownAt,
  partition: Partition,
  at: string,
): AsyncGenerator<readonly Fact[]> {
  const pages = reading(knowledge, partition, { to: at, descending: true }, WALK);
  let n = 0;
  for (let page = await pages(n); page !== undefined; page = await pages(++n))
    yield page.map(({ fact }) => fact);
}

/** The first fact of a span, or undefined. */
export async function first(knowledge: KnownAt, partition: Partition, span: Span): Promise<Fact | undefined> {
  return (await history(knowledge, partition, span, ONE).next()).value;
}

/** The facts up to a moment, newest first, for callers that rarely need more than the first. */
export const backwards = (knowledge: KnownAt, partition: Partition, at: string): Facts =>
  history(knowledge, partition, { to: at, descending: true }, ONE);

/** The newest fact at a moment: usually one request, whatever the length of the history. */
export const newest = (knowledge: KnownAt, partition: Partition, at: string): Promise<Fact | undefined> =>
  first(knowledge, partition, { to: at, descending: true });

async function collected(pages: Loaded<Entry>): Promise<Entry[]> {
  const list: Entry[] = [];
  let n = 0;
  for (let page = await pages(n); page !== undefined; page = await pages(++n)) list.push(...page);
  return list;
}

/** All facts of a span, in order. */
export async function all(knowledge: KnownAt, partition: Partition, span: Span = {}): Promise<Fact[]> {
  const entries = await collected(reading(knowledge, partition, span, WHOLE));
  return entries.map(({ fact }) => fact);
}

/**
 * Like `all`, but without confirming pointers: the caller does that in parallel with its next step. Pages with a
 * provisional retraction or dispute are confirmed here: one that was never recorded would hide its target, or doubt it.
 */
export function hits(knowledge: KnownAt, partition: Partition): Promise<Entry[]> {
  const isAboutOthers = (page: readonly Entry[]) =>
    page.some(({ fact, provisional }) => provisional && isAboutAnother(fact));
  return collected(reading(knowledge, partition, {}, WHOLE, isAboutOthers));
}
