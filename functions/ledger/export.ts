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

/** Three pages of each shard are in memory at once. */
const PAGE = 300;

/** The order of an export. Few facts are recorded in the same millisecond: only these need their fingerprints. */
const isBefore = (a: Fact, b: Fact): boolean =>
  a.recordedAt === b.recordedAt ? fingerprint(a) < fingerprint(b) : a.recordedAt < b.recordedAt;

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

type Recorded = Awaited<ReturnType<Store["queryRecorded"]>>;

/** One shard of a day as far as it was read: the page at hand, the first of it not delivered, and the page after it. */
interface Shard {
  readonly ask: (cursor?: string) => Promise<Recorded>;
  page: Recorded;
  at: number;
  next: Promise<Recorded> | undefined;
}

/** Asks for the page after the one at hand, before it is needed. */
function lookAhead(shard: Shard): void {
  shard.next = shard.page.cursor === undefined ? undefined : shard.ask(shard.page.cursor);
  // Whoever stops reading here never awaits it.
  shard.next?.catch(() => undefined);
}

/** Turns to the next page that is not empty, if there is one. */
async function turn(shard: Shard): Promise<void> {
  while (shard.at === shard.page.entries.length && shard.next !== undefined) {
    shard.page = await shard.next;
    shard.at = 0;
    lookAhead(shard);
  }
}

/** The shards of a day, each with its first page read. */
const openDay = (store: Store, day: string, from: string, to: string): Promise<Shard[]> =>
  Promise.all(
    Array.from({ length: SHARDS }, async (_, shard): Promise<Shard> => {
      const partition = { of: "recorded", day, shard } as const;
      const ask = (cursor?: string) =>
        store.queryRecorded(partition, {
          from,
          to,
          limit: PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        });
      return { ask, page: await ask(), at: 0, next: undefined };
    }),
  );

/** The shard whose turn it is; few enough that looking at every one is the simplest and fast enough. */
function leastOf(shards: readonly Shard[]): { shard: Shard; fact: Fact } | undefined {
  let least: { shard: Shard; fact: Fact } | undefined;
  for (const shard of shards) {
    const fact = shard.page.entries[shard.at];
    if (fact !== undefined && (least === undefined || isBefore(fact, least.fact))) least = { shard, fact };
  }
  return least;
}

/**
 * Merges the shards of a day, in as many pieces as pages come to an end: to wait for each fact would cost more than
 * to read it.
 */
async function* inOrder(shards: readonly Shard[]): AsyncGenerator<readonly Fact[]> {
  let merged: Fact[] = [];
  shards.forEach(lookAhead);
  await Promise.all(shards.map(turn));
  for (let least = leastOf(shards); least !== undefined; least = leastOf(shards)) {
    const { shard, fact } = least;
    merged.push(fact);
    shard.at++;
    if (shard.at < shard.page.entries.length) continue;
    yield merged;
    merged = [];
    await turn(shard);
  }
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

const isWanted = (fact: Fact, { reportedBy, source, after }: Extent): boolean =>
  (reportedBy === undefined || fact.reportedBy === reportedBy) &&
  (source === undefined || fact.source === source) &&
  (after === undefined ||
    fact.recordedAt > after.recordedAt ||
    (fact.recordedAt === after.recordedAt && fingerprint(fact) > after.fingerprint));

/**
 * Facts in order of `recordedAt`, then of their fingerprint, some at a time. Holds two pages of each shard of a
 * day, and one of each of the next day's, no more. Whether facts of `to` may still appear is the caller's to know.
 */
export async function* exportFacts(store: Store, extent: Extent): AsyncGenerator<readonly Fact[]> {
  const { after, to } = extent;
  const from = after === undefined || after.recordedAt < extent.from ? extent.from : after.recordedAt;
  for await (const day of opened(store, from, to)) {
    for await (const facts of inOrder(day)) yield facts.filter((fact) => isWanted(fact, extent));
  }
}
