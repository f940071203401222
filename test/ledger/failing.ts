/** A store of which one call fails, and a watch over what is left behind when it does. */
import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import { type Store, StoreError } from "../../functions/ledger/store.ts";

/** The store, slow as a network is, but for its `nth` call, counted from 0: that one fails at once. */
function failingAt(store: Store, nth: number) {
  let calls = 0;
  const call = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (calls++ === nth) throw new StoreError("unavailable", "the store did not answer");
    // As long as others are on their way nobody may have looked at the one that failed.
    await setImmediate();
    return answer();
  };
  const failing: Store = {
    put: (posted) => call(() => store.put(posted)),
    derive: (derived) => call(() => store.derive(derived)),
    get: (identities) => call(() => store.get(identities)),
    rawHashOf: (identity) => call(() => store.rawHashOf(identity)),
    query: (partition, range) => call(() => store.query(partition, range)),
    queryRecorded: (partition, range) => call(() => store.queryRecorded(partition, range)),
    count: (partition, to) => call(() => store.count(partition, to)),
    names: (directory, range) => call(() => store.names(directory, range)),
  };
  return { store: failing, calls: () => calls };
}

/** What some work left rejected and unheard, until nothing of it is on its way any more. */
async function leftBehind(work: () => Promise<unknown>): Promise<unknown[]> {
  const left: unknown[] = [];
  const keep = (reason: unknown) => void left.push(reason);
  process.on("unhandledRejection", keep);
  try {
    await work();
    // A round trip of the store takes one turn of the loop; no question has more of them than this.
    for (let turn = 0; turn < 12; turn++) await setImmediate();
  } finally {
    process.off("unhandledRejection", keep);
  }
  return left;
}

const settled = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => {
    if (error instanceof StoreError) return "a store error";
    throw error;
  });

/**
 * Asks with each call of the store failing once. Each time the asker hears of it or gets the same answer as ever, and
 * nothing is left behind that ends the process. Returns the calls that a question takes.
 */
export async function expectCalm<T>(store: Store, ask: (store: Store) => Promise<T>): Promise<number> {
  const calm = await ask(store);
  for (let nth = 0; ; nth++) {
    const failing = failingAt(store, nth);
    const left = await leftBehind(async () => {
      const answer = await settled(ask(failing.store));
      if (answer !== "a store error") expect(answer).toEqual(calm);
    });
    expect(left, `call ${nth} failed`).toEqual([]);
    if (failing.calls() <= nth) return nth;
  }
}
