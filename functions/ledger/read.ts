/** Reading a partition as it was known at some moment: retracted and later-recorded facts are stepped over. */
import type { Fact } from "../../schemas/fact.ts";
import type { Directory, Entry, Identity, Name, Partition, Store } from "./store.ts";

/** What is asked of: the store, and the moment whose knowledge counts. */
export interface Knowledge {
  readonly store: Store;
  readonly knownAt: string;
}

/** Times are inclusive; `after` is a time or an order that itself is left out. */
export interface Span {
  readonly from?: string;
  readonly after?: string;
  readonly to?: string;
  readonly descending?: boolean;
}

/** Pages grow, so that the usual answer costs one small read and a long history few large ones. */
const PAGES = [2, 16, 128, 1000];

export const keyOf = ({ source, id }: Identity): string => JSON.stringify([source, id]);

/** What comes right after everything that a time, or a full order, is a prefix of. */
const beyond = (prefix: string): string => `${prefix}~~`;

async function* entries(store: Store, partition: Partition, span: Span): AsyncGenerator<Entry> {
  const from = span.after === undefined ? span.from : beyond(span.after);
  let cursor: string | undefined;
  for (let n = 0; ; n++) {
    const page = await store.query(partition, {
      ...(from === undefined ? {} : { from }),
      ...(span.to === undefined ? {} : { to: span.to }),
      descending: span.descending ?? false,
      limit: PAGES[n] ?? 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* await confirmed(store, page.entries);
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}

/** A pointer was put before its fact, which may never have come; the base table knows. */
async function confirmed(store: Store, page: readonly Entry[]): Promise<Entry[]> {
  const doubtful = page.filter(({ provisional }) => provisional).map(({ fact }) => fact);
  if (doubtful.length === 0) return [...page];
  const stored = new Map((await store.get(doubtful)).map((fact) => [keyOf(fact), fact]));
  return page.flatMap((entry) => {
    if (!entry.provisional) return [entry];
    const fact = stored.get(keyOf(entry.fact));
    return fact?.statementHash === entry.fact.statementHash ? [{ fact, provisional: false }] : [];
  });
}

/** The facts of a partition that were known and not retracted, in order. */
export async function* history({ store, knownAt }: Knowledge, partition: Partition, span: Span): AsyncGenerator<Fact> {
  const retracted = new Set<string>();
  // Going up, a retraction comes right behind its target: each fact waits for what follows it.
  let held: Fact | undefined;
  for await (const { fact } of entries(store, partition, span)) {
    if (fact.recordedAt > knownAt) continue;
    if (fact.kind === "fact.retracted") {
      retracted.add(keyOf(fact.target));
      if (held !== undefined && keyOf(held) === keyOf(fact.target)) held = undefined;
    } else if (span.descending !== true) {
      if (held !== undefined) yield held;
      held = fact;
    } else if (!retracted.has(keyOf(fact))) yield fact;
  }
  if (held !== undefined) yield held;
}

/** The first fact of a span, or none. */
export async function first(knowledge: Knowledge, partition: Partition, span: Span): Promise<Fact | undefined> {
  for await (const fact of history(knowledge, partition, span)) return fact;
  return undefined;
}

/** The newest fact at a moment: the answer of one request, at any length of history. */
export const newest = (knowledge: Knowledge, partition: Partition, at: string): Promise<Fact | undefined> =>
  first(knowledge, partition, { to: at, descending: true });

export async function all(knowledge: Knowledge, partition: Partition, span: Span = {}): Promise<Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of history(knowledge, partition, span)) facts.push(fact);
  return facts;
}

/** Every name of a directory that had been heard by then. */
export async function names({ store, knownAt }: Knowledge, directory: Directory): Promise<Name[]> {
  const found: Name[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.names(directory, { limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.entries.filter(({ recordedAt }) => recordedAt <= knownAt));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
