/**
 * The store in memory: the port's promises and no more. It can be told to lag, throttle and fail, written or
 * not, as the real one does, so that what is built on the port is tested against what the port allows.
 */

import { recordedOrder, recordedPartitions } from "../../functions/adapters/keys.ts";
import { canonical, endOf } from "../../functions/ledger/canonical.ts";
import {
  type Directory,
  type Entry,
  type Identity,
  type IndexEntry,
  type IndexedFact,
  type Name,
  type Page,
  type Partition,
  type Range,
  type RecordedPartition,
  type Store,
  StoreError,
} from "../../functions/ledger/store.ts";
import type { Fact } from "../../schemas/fact.ts";

export type Fault = "none" | "throttled" | "lost" | "written though failed";

/** How the store misbehaves; by default not at all. */
export interface Weather {
  readonly fault?: (operation: keyof Store) => Fault;
  /** How much later than its item an index entry is seen, in the milliseconds of `now`. */
  readonly lagMs?: () => number;
  readonly now?: () => number;
}

interface Row<T> {
  readonly order: string;
  readonly value: T;
  readonly seenFrom: number;
}

/** Orders compare as the service compares them: by their bytes in UTF-8. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Whatever the order of its fields: a deployment is the same as a fact names it and as a question does. */
const keyOf = canonical;

export function memoryStore(weather: Weather = {}): Store {
  const now = weather.now ?? (() => 0);
  const facts = new Map<string, Fact>();
  const rawHashes = new Map<string, string>();
  const derivedKeys = new Set<string>();
  const rows = new Map<string, Row<Entry>[]>();
  const recorded = new Map<string, Row<Fact>[]>();
  const directories = new Map<string, Row<Name>[]>();

  function add<T>(table: Map<string, Row<T>[]>, partition: unknown, order: string, value: T): void {
    const list = table.get(keyOf(partition)) ?? [];
    const seenFrom = now() + (weather.lagMs?.() ?? 0);
    let at = list.length;
    while (at > 0 && byBytes(list[at - 1]?.order ?? "", order) > 0) at--;
    list.splice(at, 0, { order, value, seenFrom });
    table.set(keyOf(partition), list);
  }

  function page<T>(table: Map<string, Row<T>[]>, partition: unknown, range: Range): Page<T> {
    const { from, to, cursor, limit, descending = false } = range;
    const isNext = (order: string) =>
      cursor === undefined || (descending ? byBytes(order, cursor) < 0 : byBytes(order, cursor) > 0);
    const seen = (table.get(keyOf(partition)) ?? []).filter(
      ({ order, seenFrom }) =>
        seenFrom <= now() &&
        (from === undefined || byBytes(order, from) >= 0) &&
        (to === undefined || byBytes(order, endOf(to)) <= 0) &&
        isNext(order),
    );
    const rows = (descending ? seen.toReversed() : seen).slice(0, limit);
    const entries = rows.map(({ value }) => value);
    const last = rows.at(-1);
    return last !== undefined && rows.length < seen.length ? { entries, cursor: last.order } : { entries };
  }

  /** Runs a write under the weather; whether it was applied, its caller cannot know from the error. */
  async function written<T>(operation: keyof Store, apply: () => T): Promise<T> {
    const fault = weather.fault?.(operation) ?? "none";
    if (fault === "throttled") throw new StoreError("throttled", "the store is throttled");
    if (fault === "lost") throw new StoreError("unavailable", "the store did not answer");
    const result = apply();
    if (fault === "written though failed") throw new StoreError("unavailable", "the store did not answer");
    return result;
  }

  return {
    put: ({ fact: posted, order, partitions, rawHash }: IndexedFact) =>
      written("put", () => {
        const key = keyOf([posted.source, posted.id]);
        if (facts.has(key)) return "taken";
        const fact: Fact = JSON.parse(canonical(posted));
        facts.set(key, fact);
        if (rawHash !== undefined) rawHashes.set(key, rawHash);
        for (const partition of partitions) add(rows, partition, order, { fact, provisional: false });
        for (const partition of recordedPartitions(fact)) add(recorded, partition, recordedOrder(fact), fact);
        return "written";
      }),

    derive: (derived: IndexEntry) =>
      written("derive", () => {
        const key =
          derived.is === "name"
            ? keyOf([derived.directory, derived.name.name])
            : keyOf([
                derived.partition,
                derived.fact.occurredAt,
                derived.fact.statementHash,
                derived.fact.source,
                derived.fact.id,
              ]);
        if (derivedKeys.has(key)) return;
        derivedKeys.add(key);
        if (derived.is === "name") add(directories, derived.directory, derived.name.name, derived.name);
        else add(rows, derived.partition, derived.order, { fact: derived.fact, provisional: true });
      }),

    get: (identities: readonly Identity[]) =>
      written("get", () =>
        [...new Set(identities.map(({ source, id }) => keyOf([source, id])))].flatMap(
          (key) => facts.get(key) ?? [],
        ),
      ),

    rawHashOf: ({ source, id }: Identity) => written("rawHashOf", () => rawHashes.get(keyOf([source, id]))),

    query: (partition: Partition, range: Range) => written("query", () => page(rows, partition, range)),
    queryRecorded: (partition: RecordedPartition, range: Range) =>
      written("queryRecorded", () => page(recorded, partition, range)),
    count: (partition: RecordedPartition, to?: string) =>
      written("count", () => {
        const range = { limit: Number.MAX_SAFE_INTEGER, ...(to === undefined ? {} : { to }) };
        return page(recorded, partition, range).entries.length;
      }),
    names: (directory: Directory, range: Range) =>
      written("names", () => page(directories, directory, range)),
  };
}
