/** Counts what an observer saw, and what still waits for the ledger. */
import type { Statement } from "../../schemas/fact.ts";
import type { Item } from "../import/importer.ts";
import { statementIn } from "../import/runner.ts";
import type { Totals, unknowns } from "../import/totals.ts";

/** Statements that wait at most; the oldest are dropped. */
const WAITING_MAX = 20_000;

const keyOf = ({ source, id }: Statement): string => `${source} ${id}`;

export function seen(sums: Totals, missing: ReturnType<typeof unknowns>) {
  const waiting = new Map<string, Statement>();
  /** Of what the last look showed. */
  let recorded = new Set<string>();
  const told = new Set<string>();
  /** Every look may say the same again. */
  function unknownOnce(why: string, where?: string): void {
    const key = `${why} ${where}`;
    if (!told.has(key)) missing.add(why, where);
    told.add(key);
  }
  function statementOf(item: Item): Statement | undefined {
    if (item.is === "statement") return statementIn(item.statement, sums);
    if (item.is === "unknown") unknownOnce(item.why, item.where);
    else sums.add([{ outcome: item.outcome, id: item.where, reason: item.why }]);
    return undefined;
  }
  function dropOldest(): void {
    for (const key of waiting.keys()) {
      if (waiting.size <= WAITING_MAX) return;
      waiting.delete(key);
      unknownOnce("what was seen while the ledger could not be reached for long");
    }
  }
  return {
    waiting,
    /** Takes one look in. What the last look showed, too, and is recorded, is not sent again. */
    async takeIn(items: AsyncIterable<Item>): Promise<void> {
      const known = new Set<string>();
      for await (const item of items) {
        const statement = statementOf(item);
        if (statement === undefined) continue;
        const key = keyOf(statement);
        if (recorded.has(key)) known.add(key);
        else waiting.set(key, statement);
      }
      recorded = known;
      dropOldest();
    },
    recorded(batch: readonly Statement[]): void {
      for (const key of batch.map(keyOf)) {
        waiting.delete(key);
        recorded.add(key);
      }
    },
  };
}
