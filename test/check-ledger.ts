/** The one checker of what must hold of a ledger after each step, over any store. */
import canonicalize from "canonicalize";
import type { Store } from "../functions/ledger/store.ts";
import type { Fact } from "../schemas/fact.ts";

const SHARDS = 8;

const identityOf = ({ source, id }: Fact): string => JSON.stringify([source, id]);

/** Facts that the ledger said it has, as it said them. */
export type Acknowledged = readonly Fact[];

/** Everything in the partitions by `recordedAt` of the days of these facts. */
async function listed(store: Store, facts: Acknowledged): Promise<Fact[]> {
  const days = new Set(facts.map(({ recordedAt }) => recordedAt.slice(0, 10)));
  const found: Fact[] = [];
  for (const day of days) {
    for (let shard = 0; shard < SHARDS; shard++) {
      let cursor: string | undefined;
      do {
        const page = await store.queryRecorded(
          { of: "recorded", day, shard },
          { limit: 7, ...(cursor === undefined ? {} : { cursor }) },
        );
        found.push(...page.entries);
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
  }
  return found;
}

/** What was acknowledged of each identity: always the same bytes. */
function bytesOf(acknowledged: Acknowledged): { expected: Map<string, string>; faults: string[] } {
  const expected = new Map<string, string>();
  const faults: string[] = [];
  for (const fact of acknowledged) {
    const bytes = canonicalize(fact) ?? "";
    const before = expected.get(identityOf(fact)) ?? bytes;
    if (before !== bytes) faults.push(`was acknowledged twice, differently: ${before} and ${bytes}`);
    expected.set(identityOf(fact), bytes);
  }
  return { expected, faults };
}

/** Nothing may be listed twice, or as something that it is not. */
function listingFaults(list: readonly Fact[], stored: ReadonlyMap<string, string | undefined>): string[] {
  const identities = list.map(identityOf);
  const twice = identities.filter((identity, n) => identities.indexOf(identity) !== n);
  const other = list.filter((fact) => stored.get(identityOf(fact)) !== canonicalize(fact)).map(identityOf);
  return [
    ...twice.map((identity) => `is listed twice: ${identity}`),
    ...other.map((identity) => `is listed as something else: ${identity}`),
  ];
}

/**
 * Throws unless every acknowledged fact is there, once, with the bytes that were acknowledged, and nothing is
 * listed that is not there.
 * @param isSettled that indexes have caught up, so that the listing must hold every acknowledged fact.
 */
export async function checkLedger(
  store: Store,
  acknowledged: Acknowledged,
  isSettled: boolean,
): Promise<void> {
  const { expected, faults } = bytesOf(acknowledged);
  const list = await listed(store, acknowledged);
  const facts = await store.get([...acknowledged, ...list]);
  const stored = new Map(facts.map((fact) => [identityOf(fact), canonicalize(fact)]));
  for (const [identity, bytes] of expected) {
    if (stored.get(identity) !== bytes) faults.push(`is not there as acknowledged: ${bytes}`);
  }
  faults.push(...listingFaults(list, stored));
  const seen = new Set(list.map(identityOf));
  for (const identity of isSettled ? expected.keys() : []) {
    if (!seen.has(identity)) faults.push(`is not listed: ${identity}`);
  }
  if (faults.length > 0) throw new Error(`the ledger is broken: a fact ${faults.join("\n  a fact ")}`);
}
