/** The export: every fact of a span once, in the order of recording. */
import type { Fact } from "../../../schemas/fact.ts";
import { dayOf } from "../access-patterns.ts";
import { fingerprint } from "../canonical.ts";
import { ahead, pagesOf, type Reads } from "../loader.ts";
import { SHARDS } from "../store.ts";

export interface Extent {
  /** Inclusive instants, by `recordedAt`. */
  readonly from: string;
  readonly to: string;
  /** The last fact of the previous export; the export continues after it. */
  readonly after?: { readonly recordedAt: string; readonly fingerprint: string };
  readonly reportedBy?: string;
  readonly source?: string;
}

/** Facts per page. Up to three pages of each shard are in memory at once. */
const PAGE = 300;

/** The order of an export. It computes fingerprints only for facts of the same millisecond, which are few. */
const isBefore = (a: Fact, b: Fact): boolean =>
  a.recordedAt === b.recordedAt ? fingerprint(a) < fingerprint(b) : a.recordedAt < b.recordedAt;

/** Days of a span on which anything was recorded: empty days cost no request. */
export async function* daysOf(store: Reads, from: string, to: string): AsyncGenerator<string> {
  if (from > to) return;
  const range = { from: dayOf(from), to: dayOf(to), limit: PAGE };
  for await (const names of pagesOf((cursor) => store.names({ of: "recorded" }, { ...range, ...cursor })))
    for (const { name } of names) yield name;
}

/** A shard of a day while it is read: the current page, the index of its next fact, and the pages after it. */
interface Shard {
  page: readonly Fact[];
  at: number;
  readonly pages: AsyncGenerator<readonly Fact[]>;
}

/** Loads the next page that is not empty, once the current one is used up. */
async function turn(shard: Shard): Promise<void> {
  while (shard.at === shard.page.length) {
    const next = await shard.pages.next();
    if (next.done === true) return;
    shard.page = next.value;
    shard.at = 0;
  }
}

/** The shards of a day, each with its first page loaded. */
const openDay = (store: Reads, day: string, from: string, to: string): Promise<Shard[]> =>
  Promise.all(
    Array.from({ length: SHARDS }, async (_, shard): Promise<Shard> => {
      const partition = { of: "recorded", day, shard } as const;
      const range = { from, to, limit: PAGE };
      const pages = pagesOf((cursor) => store.queryRecorded(partition, { ...range, ...cursor }));
      const first = await pages.next();
      return { page: first.done === true ? [] : first.value, at: 0, pages };
    }),
  );

async function* opened(store: Reads, from: string, to: string): AsyncGenerator<Shard[]> {
  for await (const day of daysOf(store, from, to)) yield await openDay(store, day, from, to);
}

/** The shard with the least next fact. There are only eight, so it checks all of them. */
function leastOf(shards: readonly Shard[]): { shard: Shard; fact: Fact } | undefined {
  let least: { shard: Shard; fact: Fact } | undefined;
  for (const shard of shards) {
    const fact = shard.page[shard.at];
    if (fact !== undefined && (least === undefined || isBefore(fact, least.fact))) least = { shard, fact };
  }
  return least;
}

/**
 * Merges the shards of a day. It yields a batch each time a page is used up: awaiting every single fact would cost more
 * than reading it.
 */
async function* inOrder(day: readonly Shard[]): AsyncGenerator<readonly Fact[]> {
  let merged: Fact[] = [];
  const shards = day.map((shard) => ({ ...shard, pages: ahead(shard.pages) }));
  await Promise.all(shards.map(turn));
  for (let least = leastOf(shards); least !== undefined; least = leastOf(shards)) {
    const { shard, fact } = least;
    merged.push(fact);
    shard.at++;
    if (shard.at < shard.page.length) continue;
    yield merged;
    merged = [];
    await turn(shard);
  }
}

const isWanted = (fact: Fact, { reportedBy, source, after }: Extent): boolean =>
  (reportedBy === undefined || fact.reportedBy === reportedBy) &&
  (source === undefined || fact.source === source) &&
  (after === undefined ||
    fact.recordedAt > after.recordedAt ||
    (fact.recordedAt === after.recordedAt && fingerprint(fact) > after.fingerprint));

/**
 * Facts in batches, ordered by `recordedAt`, then by fingerprint. It holds at most two pages of each shard of a day, and
 * one of each shard of the next. The caller must make sure that no fact recorded by `to` can still appear.
 */
export async function* exportFacts(store: Reads, extent: Extent): AsyncGenerator<readonly Fact[]> {
  const { after, to } = extent;
  const from = after === undefined || after.recordedAt < extent.from ? extent.from : after.recordedAt;
  // Prefetch: the next day is opened while this one is read.
  for await (const day of ahead(opened(store, from, to))) {
    for await (const facts of inOrder(day)) yield facts.filter((fact) => isWanted(fact, extent));
  }
}
