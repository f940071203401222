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
const DAY_MS = 86_400_000;

const placeOf = (fact: Fact): string => `${fact.recordedAt}#${fingerprint(fact)}`;

function* daysOf(from: string, to: string): Generator<string> {
  for (let ms = Date.parse(`${dayOf(from)}T00:00:00Z`); ms <= Date.parse(to); ms += DAY_MS) {
    yield new Date(ms).toISOString().slice(0, 10);
  }
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

/** Merges the shards of a day: few enough that looking at every head is the simplest and fast enough. */
async function* dayInOrder(store: Store, day: string, from: string, to: string): AsyncGenerator<Head> {
  const shards = Array.from({ length: SHARDS }, (_, shard) => shardOf(store, day, shard, from, to));
  const heads = await Promise.all(shards.map((shard) => shard.next()));
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

const isWanted = (fact: Fact, { reportedBy, source }: Extent): boolean =>
  (reportedBy === undefined || fact.reportedBy === reportedBy) &&
  (source === undefined || fact.source === source);

/** Facts in order of `recordedAt`, then of their fingerprint. Holds one page of each shard of a day, no more. */
export async function* exportFacts(store: Store, extent: Extent): AsyncGenerator<Fact> {
  const { after, to } = extent;
  const from = after === undefined || after.recordedAt < extent.from ? extent.from : after.recordedAt;
  const delivered = after === undefined ? "" : `${after.recordedAt}#${after.fingerprint}`;
  for (const day of daysOf(from, to)) {
    for await (const { place, fact } of dayInOrder(store, day, from, to)) {
      if (place > delivered && isWanted(fact, extent)) yield fact;
    }
  }
}
