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

/** Two pages of eight shards of two days are in memory at once. */
const PAGE = 400;

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

interface Placed {
  readonly place: string;
  readonly fact: Fact;
}

/** One shard of a day, page by page, none of them empty; its next page is on its way while the last one is read. */
async function* shardOf(
  store: Store,
  day: string,
  shard: number,
  from: string,
  to: string,
): AsyncGenerator<readonly Placed[]> {
  const partition = { of: "recorded", day, shard } as const;
  const ask = (cursor?: string) =>
    store.queryRecorded(partition, { from, to, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
  let next: ReturnType<typeof ask> | undefined = ask();
  while (next !== undefined) {
    const page: Awaited<typeof next> = await next;
    next = page.cursor === undefined ? undefined : ask(page.cursor);
    // Whoever stops reading here never awaits the page ahead.
    next?.catch(() => undefined);
    if (page.entries.length > 0) yield page.entries.map((fact) => ({ place: placeOf(fact), fact }));
  }
}

/** A shard as far as it was read: the page at hand, and the first of it that was not delivered. */
interface Shard {
  readonly pages: AsyncGenerator<readonly Placed[]>;
  page: readonly Placed[];
  at: number;
}

async function turn(shard: Shard): Promise<void> {
  const next = await shard.pages.next();
  shard.page = next.done === true ? [] : next.value;
  shard.at = 0;
}

/** The shards of a day, each with its first page read. */
async function openDay(store: Store, day: string, from: string, to: string): Promise<Shard[]> {
  const shards = Array.from({ length: SHARDS }, (_, n): Shard => {
    return { pages: shardOf(store, day, n, from, to), page: [], at: 0 };
  });
  await Promise.all(shards.map(turn));
  return shards;
}

/** The shard with the least place; few enough that looking at every one is the simplest and fast enough. */
function leastOf(shards: readonly Shard[]): { shard: Shard; placed: Placed } | undefined {
  let least: { shard: Shard; placed: Placed } | undefined;
  for (const shard of shards) {
    const placed = shard.page[shard.at];
    if (placed !== undefined && (least === undefined || placed.place < least.placed.place)) {
      least = { shard, placed };
    }
  }
  return least;
}

/** Merges the shards of a day, in as many pieces as pages come to an end: to wait for each fact would cost more than it does. */
async function* inOrder(shards: readonly Shard[]): AsyncGenerator<readonly Placed[]> {
  let merged: Placed[] = [];
  for (let least = leastOf(shards); least !== undefined; least = leastOf(shards)) {
    const { shard, placed } = least;
    merged.push(placed);
    shard.at++;
    if (shard.at < shard.page.length) continue;
    yield merged;
    merged = [];
    await turn(shard);
  }
  if (merged.length > 0) yield merged;
}

/** Days in order, the next one opened while the last one is read. */
async function* opened(store: Store, from: string, to: string): AsyncGenerator<Shard[]> {
  let ahead: Promise<Shard[]> | undefined;
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
 * Facts in order of `recordedAt`, then of their fingerprint, some at a time. Holds two pages of each shard of two
 * days, no more. Whether facts of `to` may still appear is the caller's to know.
 */
export async function* exportFacts(store: Store, extent: Extent): AsyncGenerator<readonly Fact[]> {
  const { after, to } = extent;
  const from = after === undefined || after.recordedAt < extent.from ? extent.from : after.recordedAt;
  const delivered = after === undefined ? "" : `${after.recordedAt}#${after.fingerprint}`;
  for await (const day of opened(store, from, to)) {
    for await (const placed of inOrder(day)) {
      yield placed.flatMap(({ place, fact }) => (place > delivered && isWanted(fact, extent) ? [fact] : []));
    }
  }
}
