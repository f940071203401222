/** Restores facts that a ledger lacks from its sealed log, byte for byte, if its backup was older than the log. */
import { type Fact, isAboutAnother } from "../../schemas/fact.ts";
import { accessPatternsOf } from "../ledger/access-patterns.ts";
import type { Store } from "../ledger/store.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readHead, replaceHead, stagingPath } from "./head.ts";
import { LogFault, type LogStore, putSame } from "./log-store.ts";
import { GrowingTree, hashOfLeaf } from "./merkle.ts";
import type { VerifierKey } from "./note.ts";
import { addPositions, sealedIn } from "./positions.ts";
import { allEntries, bundleWith, readPublished } from "./read-log.ts";
import { readSeal, type SealLeaf } from "./seal-leaf.ts";
import { bundleOf, TILE_WIDTH } from "./tiles.ts";
import { entryOf } from "./unsealed-facts.ts";

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

/** Throws a LogFault where the entries are not those of the checkpoint: what is put back must be what was sealed. */
async function refuseAltered(log: LogStore, { size, root }: Checkpoint): Promise<void> {
  const tree = new GrowingTree();
  for await (const entries of allEntries(log, size))
    for (const entry of entries) tree.append(hashOfLeaf(entry));
  if (!tree.root().equals(root))
    throw new LogFault(
      "altered",
      "the entries are not those of the checkpoint: use a copy of the log that `asof verify` accepts",
    );
}

/** The newest seal of a log, and the newest fact of all seals. */
interface Newest {
  leaf?: SealLeaf;
  /** The newest of the last seal that has facts; see `Head`. */
  fact?: Fact;
}

/**
 * Makes the head anew where the log has none, or one of an older time than the published checkpoint. The staged entries of
 * the newest seal come first, as with each seal.
 */
async function continueFrom(
  log: LogStore,
  { size, root }: Checkpoint,
  { leaf, fact }: Newest,
): Promise<void> {
  const read = await readHead(log);
  if (leaf === undefined || (read.head?.size ?? 0) >= size) return;
  const staging = stagingPath({ size, root });
  const entries: Buffer[] = [];
  let at = bundleWith(leaf.previous.size, size).index * TILE_WIDTH;
  for await (const some of allEntries(log, size, at)) {
    entries.push(...some.slice(Math.max(0, leaf.previous.size - at)));
    at += some.length;
  }
  await putSame(log, staging, bundleOf(entries));
  const { n, sealedAt } = leaf;
  const known =
    fact === undefined ? {} : { newest: fact.recordedAt, last: { source: fact.source, id: fact.id } };
  await replaceHead(log, read, { size, root: root.toString("hex"), staging, n, sealedAt, ...known });
}

/**
 * Puts back every sealed fact that the ledger lacks, oldest first, and what the log lacks of head and positions, so that
 * the next seal continues it. The same call again goes on.
 * @throws LogFault where the checkpoint is not signed by the key, a file is missing or altered, or a fact differs
 */
export async function restoreFromLog(store: Store, log: LogStore, key: VerifierKey): Promise<Restored> {
  const published = await readPublished(log, key);
  return published === undefined ? { facts: 0, written: 0 } : restoreTo(store, log, published);
}

/** The same of a log whose checkpoint has been read. */
export async function restoreTo(store: Store, log: LogStore, published: Checkpoint): Promise<Restored> {
  await refuseAltered(log, published);
  const newest: Newest = {};
  let [facts, written, start] = [0, 0, 0];
  for await (const entries of allEntries(log, published.size)) {
    for (const entry of entries) {
      const leaf = readSeal(entry);
      if (leaf !== undefined) {
        newest.leaf = leaf;
        continue;
      }
      facts++;
      newest.fact = JSON.parse(entry.toString());
      if (await putBack(store, entry)) written++;
    }
    await addPositions(log, sealedIn(entries, start));
    start += entries.length;
  }
  await continueFrom(log, published, newest);
  return { facts, written };
}
