/** What the sealer asks of a store: an index by day and shard, which may show a fact late. */
import { recordedOrder, shardOf } from "../../functions/adapters/keys.ts";
import type { Reads } from "../../functions/ledger/loader.ts";
import type { Fact } from "../../schemas/fact.ts";

/** A fact with its fields in canonical order, as a store gives it. */
export const factOf = (n: number, recordedAt: string): Fact => ({
  environment: "production",
  id: String(n),
  kind: "environment.frozen",
  occurredAt: recordedAt,
  recordedAt,
  reportedBy: "ci",
  source: `/test/${n % 7}`,
  statementHash: "0".repeat(64),
  v: 1,
});

export interface Row {
  readonly fact: Fact;
  readonly order: string;
  readonly shard: number;
  readonly seenFrom: number;
}

/** @param rows in any order, and more may be added */
export function laggingStore(rows: readonly Row[], now: () => number): Reads {
  const elsewhere = async () => ({ entries: [] });
  return {
    get: async ([wanted]) =>
      rows
        .filter(({ fact }) => fact.id === wanted?.id && fact.source === wanted.source)
        .map(({ fact }) => fact),
    names: async () => {
      const days = new Set(
        rows.filter((row) => row.seenFrom <= now()).map(({ fact }) => fact.recordedAt.slice(0, 10)),
      );
      return { entries: [...days].sort().map((name) => ({ name, shown: name, recordedAt: name })) };
    },
    queryRecorded: async (partition, { from = "" }) => {
      if (partition.of !== "recorded") return { entries: [] };
      const isShown = ({ order, shard, seenFrom, fact }: Row): boolean =>
        shard === partition.shard &&
        order >= from &&
        seenFrom <= now() &&
        fact.recordedAt.startsWith(partition.day);
      const shown = rows.filter(isShown).toSorted((a, b) => (a.order < b.order ? -1 : 1));
      return { entries: shown.map(({ fact }) => fact) };
    },
    query: elsewhere,
    count: async () => 0,
  };
}

/** A fact as the index places it. */
export const rowOf = (fact: Fact, seenFrom = 0): Row => ({
  fact,
  order: recordedOrder(fact),
  shard: shardOf(fact),
  seenFrom,
});
