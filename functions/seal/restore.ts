/** Puts back what a ledger lacks of its sealed log, byte for byte: after a restore of a backup that is older than the log. */
import { type Fact, isAboutAnother } from "../../schemas/fact.ts";
import { accessPatternsOf } from "../ledger/access-patterns.ts";
import type { Store } from "../ledger/store.ts";
import { LogFault, type LogStore } from "./log-store.ts";
import type { VerifierKey } from "./note.ts";
import { addPositions, sealedIn } from "./positions.ts";
import { allEntries, readPublished } from "./read-log.ts";
import { readSeal } from "./seal-leaf.ts";
import { entryOf } from "./unsealed.ts";

export interface Restored {
  /** Sealed facts, and how many of them were put back. */
  readonly facts: number;
  readonly written: number;
}

/** Puts one fact back. Returns false where it is there; throws a LogFault where another one is. */
async function putBack(store: Store, entry: Buffer): Promise<boolean> {
  const fact: Fact = JSON.parse(entry.toString());
  const [stored] = await store.get([fact]);
  if (stored === undefined) {
    const [target] = isAboutAnother(fact) ? await store.get([fact.target]) : [];
    const { posted, derived } = accessPatternsOf(fact, target);
    for (const one of derived) await store.derive(one);
    await store.put(posted);
    return true;
  }
  if (entryOf(stored).equals(entry)) return false;
  const where = `the fact ${fact.id} of ${fact.source}`;
  throw new LogFault("altered", `${where} is not what was sealed; use a backup in which it is`);
}

/**
 * Puts back every sealed fact that the ledger lacks, oldest first, and what the log lacks of its positions. The same call
 * again goes on.
 * @throws LogFault where the checkpoint is not signed by the key, a file is missing, or a fact differs
 */
export async function restoreFromLog(store: Store, log: LogStore, key: VerifierKey): Promise<Restored> {
  const published = await readPublished(log, key);
  let [facts, written, start] = [0, 0, 0];
  for await (const entries of allEntries(log, published?.size ?? 0)) {
    for (const entry of entries) {
      if (readSeal(entry) !== undefined) continue;
      facts++;
      if (await putBack(store, entry)) written++;
    }
    await addPositions(log, sealedIn(entries, start));
    start += entries.length;
  }
  return { facts, written };
}
