/** The export: every fact of a span once, in the order in which the ledger took them. */
import type { Fact } from "../../schemas/fact.ts";
import { fingerprint } from "./canonical.ts";
import { dayOf } from "./postings.ts";
import { SHARDS, type Store } from "./store.ts";

export interface Extent {
  /** Inclusive instants, by `recordedAt`. */
  readonly from: string;
  readonly to: string;
  /** The last fact that an earlier export delivered. */
  readonly after?: { readonly recordedAt: string; readonly fingerprint: string };
  readonly reportedBy?: string;
  readonly source?: string;
}

const PAGE = 1000;

const placeOf = (fact: Fact): string => `${fact.recordedAt}#${fingerprint(fact)}`;

/** Days of a span on which anything was recorded: years of silence cost nothing. */
async function* daysOf(store: Store, from: string, to: string): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const range = {
      from: dayOf(from),
      to: dayOf(to),
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    };
    const page = await store.names({ of: "recorded" }, range);
    for (const { name } of page.entries) yield name;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

interface Head {
  readonly place: string;
  readonly fact: Fact;
}

/** One shard of a day, in order; its next page is on its way while the last one is read. */
async function* shardOf(
  store: Store,
  day: string,
  shard: number,
  from: string,
  to: string,
): AsyncGenerator<Head> {
  const partition = { of: "recorded", day, shard } as const;
  const ask = (cursor?: string) =>
    store.queryRecorded(partition, { from, to, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
  let next: ReturnType<typeof ask> | undefined = ask();
  while (next !== undefined) {
    const page: Awaited<typeof next> = await next;
    next = page.cursor === undefined ? undefined : ask(page.cursor);
    // Whoever stops reading here never awaits the page ahead.
    next?.catch(() => undefined);
    for (const fact of page.entries) yield { place: placeOf(fact), fact };
  }
}

/** The shards of a day, each with its first page read. */
interface Day {
  readonly shards: readonly AsyncGenerator<Head>[];
  readonly heads: IteratorResult<Head, unknown>[];
}

async function openDay(store: Store, day: string, from: string, to: string): Promise<Day> {
  const shards = Array.from({ length: SHARDS }, (_, shard) => shardOf(store, day, shard, from, to));
  return { shards, heads: await Promise.all(shards.map((shard) => shard.next())) };
}

/** Merges the shards of a day: few enough that looking at every head is the simplest and fast enough. */
async function* inOrder({ shards, heads }: Day): AsyncGenerator<Head> {
  for (;;) {
    let first = -1;
    let least: Head | undefined;
    for (const [n, head] of heads.entries()) {
      if (head.done === true || (least !== undefined && head.value.place > least.place)) continue;
      first = n;
      least = head.value;
    }
    const shard = shards[first];
    if (least === undefined || shard === undefined) return;
    yield least;
    heads[first] = await shard.next();
  }
}

/** Days in order, the next one opened while the last one is read. */
async function* opened(store: Store, from: string, to: string): AsyncGenerator<Day> {
  let ahead: Promise<Day> | undefined;
  if (from > to) return;
  for await (const day of daysOf(store, from, to)) {
    const next = openDay(store, day, from, to);
    // Whoever stops reading here never awaits the day ahead.
    next.catch(() => undefined);
    if (ahead !== undefined) yield await ahead;
    ahead = next;
  }
  if (ahead !== undefined) yield await ahead;
}

const isWanted = (fact: Fact, { reportedBy, source }: Extent): boolean =>
  (reportedBy === undefined || fact.reportedBy === reportedBy) &&
  (source === undefined || fact.source === source);

/**
 * Facts in order of `recordedAt`, then of their fingerprint. Holds two pages of each shard of two days, no more.
 * Whether facts of `to` may still appear is the caller's to know.
 */
export async function* exportFacts(store: Store, extent: Extent): AsyncGenerator<Fact> {
  const { after, to } = extent;
  const from = after === undefined || after.recordedAt < extent.from ? extent.from : after.recordedAt;
  const delivered = after === undefined ? "" : `${after.recordedAt}#${after.fingerprint}`;
  for await (const day of opened(store, from, to)) {
    for await (const { place, fact } of inOrder(day)) {
      if (place > delivered && isWanted(fact, extent)) yield fact;
    }
  }
}
