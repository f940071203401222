/** Finds the facts to seal next. */

import type { Fact } from "../../schemas/fact.ts";
import { byText } from "../../schemas/words/ordering.ts";
import { exportFacts } from "../ledger/export/export.ts";
import type { Reads } from "../ledger/loader.ts";
import type { Head } from "./head.ts";
import type { LogStore } from "./log-store.ts";
import { positionsIn } from "./positions.ts";
import { MAX_BYTES_OF_SEAL, MAX_FACTS_OF_SEAL, SEAL_OVERLAP_MS } from "./seal-leaf.ts";

/** The first and the last time of all facts. */
export const BEGINNING = "1970-01-01T00:00:00.000Z";
const END = "9999-12-31T23:59:59.999Z";

/**
 * Where to look from: before the newest seal, and before what is sealed without gaps. The earlier of the two, because
 * a backlog is older than its seal, and a clock that was ahead has stamped a fact later than its seal.
 */
export function windowStart(head: Head | undefined): string {
  if (head?.newest === undefined) return BEGINNING;
  const earlier = head.newest < head.sealedAt ? head.newest : head.sealedAt;
  return new Date(Date.parse(earlier) - SEAL_OVERLAP_MS).toISOString();
}

export interface Unsealed {
  /** In the order of their entries. */
  readonly facts: readonly Fact[];
  /** See `Head`; absent where no fact was seen. */
  readonly newest?: string;
  /** Whether there are more, which did not fit. */
  readonly isCut: boolean;
}

const entryOrder = ({ recordedAt, source, id }: Fact): readonly string[] => [recordedAt, source, id];

function byEntryOrder(a: Fact, b: Fact): number {
  const [one, other] = [entryOrder(a), entryOrder(b)];
  const n = one.findIndex((part, at) => part !== other[at]);
  return byText(one[n] ?? "", other[n] ?? "");
}

/** A fact's entry: its canonical bytes, because a store gives its fields in their order. */
export const entryOf = (fact: Fact): Buffer => Buffer.from(JSON.stringify(fact));

/**
 * The facts from a time on that are not sealed, the oldest first, in portions that fit into one seal each: the last one,
 * which may be empty, is not cut. It reads each fact once, so what is sealed meanwhile by others is in them, too.
 */
export async function* unsealedFacts(
  store: Reads,
  log: LogStore,
  from: string,
  maxFacts = MAX_FACTS_OF_SEAL,
): AsyncGenerator<Unsealed> {
  const positionOf = positionsIn(log);
  let facts: Fact[] = [];
  let [bytes, newest]: [number, string | undefined] = [0, undefined];
  for await (const some of exportFacts(store, { from, to: END }))
    for (const fact of some) {
      if ((await positionOf(fact)) === undefined) {
        const { length } = JSON.stringify(fact);
        if (facts.length === maxFacts || (bytes + length > MAX_BYTES_OF_SEAL && facts.length > 0)) {
          yield { ...portion(facts), isCut: true };
          [facts, bytes] = [[], 0];
        }
        bytes += length;
        facts.push(fact);
      }
      newest = fact.recordedAt;
    }
  yield { facts: facts.toSorted(byEntryOrder), isCut: false, ...(newest === undefined ? {} : { newest }) };
}

/** What is sealed without gaps ends with the last fact that fits. */
function portion(facts: readonly Fact[]): Pick<Unsealed, "facts" | "newest"> {
  const sorted = facts.toSorted(byEntryOrder);
  const newest = sorted.at(-1)?.recordedAt;
  return { facts: sorted, ...(newest === undefined ? {} : { newest }) };
}
