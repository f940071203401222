/**
 * Seals facts: appends them to the log, and signs and publishes the new state of the log. Several sealers may run, and
 * each may end at any moment. The order of the steps makes this safe; `test/seal/model.property.test.ts` shows for each
 * of them what happens without it.
 */

import { setImmediate } from "node:timers/promises";
import type { Reads } from "../ledger/loader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Checkpoint, readCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { type Grown, grown } from "./growth.ts";
import { type Head, type ReadHead, readHead, replaceHead, stagingPath, treeOf } from "./head.ts";
import { LogFault, type LogStore, putSame } from "./log-store.ts";
import { type Signer, writeKey } from "./note.ts";
import { addPositions, sealedIn } from "./positions.ts";
import { CHECKPOINT, checkpointPath, KEY, type Published, readPublished } from "./read-log.ts";
import { readSeal, sealEntry } from "./seal-leaf.ts";
import { bundleOf, entriesOf } from "./tiles.ts";
import { entryOf, type Unsealed, unsealedFacts, windowStart } from "./unsealed-facts.ts";

export interface Sealing {
  readonly store: Reads;
  readonly log: LogStore;
  readonly signer: Signer;
  readonly now: () => Date;
  /** Of one seal; absent: 2,000. */
  readonly maxFacts?: number;
}

export type Outcome =
  /** `isCut`: more is to be sealed, so run again. `lagMs`: how long the oldest of the facts waited. */
  | {
      readonly is: "sealed";
      readonly size: number;
      readonly facts: number;
      readonly lagMs: number;
      readonly isCut: boolean;
    }
  /** Nothing is to be sealed, and the newest seal is younger than an hour. */
  | { readonly is: "nothing" }
  /** Another sealer was faster, or that is not known: the next run goes on from what it did. */
  | { readonly is: "overtaken" };

/** An idle ledger is sealed, too, so that its log shows that nothing was recorded. */
const IDLE_MS = 3600_000;

/** The entries of the newest seal, and its leaf. */
async function readStaging(log: LogStore, { staging }: Head) {
  const entries = entriesOf((await log.get(staging))?.bytes ?? Buffer.alloc(0));
  const leaf = readSeal(entries?.at(-1) ?? Buffer.alloc(0));
  if (entries !== undefined && leaf !== undefined) return { entries, leaf };
  throw new LogFault("altered", `${staging}: is no bundle of a seal; put it back from a copy of the log`);
}

/** Signs a checkpoint and publishes it. Returns false where another one was published meanwhile. */
async function publish(
  { log, signer }: Sealing,
  tree: Checkpoint,
  published: Published | undefined,
): Promise<boolean> {
  const path = checkpointPath(tree.size);
  const signed = Buffer.from(await signCheckpoint(tree, signer));
  // One that is there already may be signed in other bytes, if a key has several signatures of one text.
  const bytes =
    (await log.putIfAbsent(path, signed)) === "written" ? signed : ((await log.get(path))?.bytes ?? signed);
  const stored = readCheckpoint(bytes.toString(), signer.key);
  if (stored?.size !== tree.size || !stored.root.equals(tree.root))
    throw new LogFault("altered", `${path}: is signed for another log; check the log with \`asof verify\``);
  const outcome =
    published === undefined
      ? await log.putIfAbsent(CHECKPOINT, bytes)
      : await log.putIfMatch(CHECKPOINT, bytes, published.etag);
  return outcome === "written";
}

/** What follows once the head stands for a tree: its files, the checkpoint, the positions. All of it may be repeated. */
async function complete(
  sealing: Sealing,
  tree: Grown,
  entries: readonly Buffer[],
  published: Published | undefined,
): Promise<boolean> {
  await mapLimit(AT_ONCE, [...tree.files], ([path, bytes]) => putSame(sealing.log, path, bytes));
  const isPublished = await publish(sealing, tree, published);
  await addPositions(sealing.log, sealedIn(entries, tree.size - entries.length));
  return isPublished;
}

/** Finishes the newest seal where its sealer did not. Returns false where another sealer is at it. */
async function finish(sealing: Sealing, head: Head, published: Published | undefined): Promise<boolean> {
  const { log } = sealing;
  const { entries, leaf } = await readStaging(log, head);
  if (published?.size === head.size) {
    await addPositions(log, sealedIn(entries, head.size - entries.length));
    return true;
  }
  const previous = { size: leaf.previous.size, root: Buffer.from(leaf.previous.root, "hex") };
  const tree = await grown(log, previous, entries);
  if (tree.size !== head.size || tree.root.toString("hex") !== head.root)
    throw new LogFault("altered", `${head.staging}: is not what the head was; put it back from a copy`);
  return complete(sealing, tree, entries, published);
}

const behind = (what: string, todo: string): LogFault =>
  new LogFault("behind", `${what}: nothing is sealed until ${todo}`);

/** Refuses to go on where the head or the facts are of an older time than the published log, as after a restore. */
async function refuseOlder(
  { store }: Sealing,
  head: Head | undefined,
  published: Published | undefined,
): Promise<void> {
  const size = head?.size ?? 0;
  if (published !== undefined && published.size > size)
    throw behind(
      `the log's head is at ${size}, and the published checkpoint at ${published.size}`,
      "`asof restore --from-log` has made it anew",
    );
  if (published !== undefined && published.size === size && published.root.toString("hex") !== head?.root)
    throw new LogFault("altered", "head: has another root than the published checkpoint of its size");
  if (head?.last !== undefined && (await store.get([head.last])).length === 0)
    throw behind(
      `the ledger lacks a fact that is sealed (${head.last.source} ${head.last.id})`,
      "`asof restore --from-log` has put back what is missing",
    );
}

/** The entries of the next seal: facts, and the leaf that dates them. */
function entriesFor(head: Head | undefined, { facts }: Unsealed, sealedAt: string, lag: number): Buffer[] {
  const { size, root } = treeOf(head);
  const leaf = { n: (head?.n ?? 0) + 1, sealedAt, previous: { size, root: root.toString("hex") } };
  return [...facts.map(entryOf), sealEntry({ ...leaf, count: facts.length, lag })];
}

/** The later of the clock and the newest seal: the time of seals rises. */
const nextTime = (head: Head | undefined, now: Date): string =>
  new Date(Math.max(now.getTime(), head === undefined ? 0 : Date.parse(head.sealedAt) + 1)).toISOString();

function nextHead(
  head: Head | undefined,
  tree: Checkpoint,
  sealedAt: string,
  { facts, newest }: Unsealed,
): Head {
  const fact = facts.at(-1);
  const last = fact === undefined ? head?.last : { source: fact.source, id: fact.id };
  const until = newest ?? head?.newest;
  return {
    size: tree.size,
    root: tree.root.toString("hex"),
    staging: stagingPath(tree),
    n: (head?.n ?? 0) + 1,
    sealedAt,
    ...(until === undefined ? {} : { newest: until }),
    ...(last === undefined ? {} : { last }),
  };
}

/** A log whose newest seal is finished. */
interface Ready {
  readonly read: ReadHead;
  readonly published: Published | undefined;
}

/** Finishes the newest seal. Returns nothing where another sealer is at it. Throws a LogFault where a person must look. */
async function readied(sealing: Sealing): Promise<Ready | undefined> {
  const { log } = sealing;
  // The checkpoint before the head: another sealer moves the head first.
  const before = await readPublished(log, sealing.signer.key);
  const read = await readHead(log);
  const { head } = read;
  await refuseOlder(sealing, head, before);
  if (before === undefined) await putSame(log, KEY, Buffer.from(`${writeKey(sealing.signer.key)}\n`));
  if (head !== undefined && !(await finish(sealing, head, before))) return undefined;
  const published = head?.size === before?.size ? before : await readPublished(log, sealing.signer.key);
  return published?.size === head?.size ? { read, published } : undefined;
}

/** Makes one seal on top of the newest. */
async function append(
  sealing: Sealing,
  { read, published }: Ready,
  unsealed: Unsealed,
): Promise<{ readonly outcome: Outcome; readonly head?: Head }> {
  const { log } = sealing;
  const { head } = read;
  const sealedAt = nextTime(head, sealing.now());
  const isIdle = unsealed.facts.length === 0;
  if (isIdle && head !== undefined && Date.parse(sealedAt) - Date.parse(head.sealedAt) < IDLE_MS)
    return { outcome: { is: "nothing" } };
  const [oldest] = unsealed.facts;
  const lagMs = oldest === undefined ? 0 : Date.parse(sealedAt) - Date.parse(oldest.recordedAt);
  const entries = entriesFor(head, unsealed, sealedAt, lagMs);
  const tree = await grown(log, treeOf(head), entries);
  const next = nextHead(head, tree, sealedAt, unsealed);

  await putSame(log, stagingPath(tree), bundleOf(entries));
  if (!(await replaceHead(log, read, next))) return { outcome: { is: "overtaken" } };
  await complete(sealing, tree, entries, published);
  const { facts, isCut } = unsealed;
  return { outcome: { is: "sealed", size: tree.size, facts: facts.length, lagMs, isCut }, head: next };
}

/**
 * Makes seals until nothing is left, or another sealer is at it. It finishes the seal before, and reads the facts once for
 * all of its seals: a backlog is read in the time that its length takes.
 * @param since where to look for unsealed facts from; absent: a while before the newest seal
 * @throws LogFault where a person must look; any other error: the next run finds out what was done
 */
async function* seals(sealing: Sealing, since?: string): AsyncGenerator<Outcome> {
  const { store, log, maxFacts } = sealing;
  let ready = await readied(sealing);
  let own: Head | undefined;
  if (ready === undefined) return yield { is: "overtaken" };
  for await (const unsealed of unsealedFacts(store, log, since ?? windowStart(ready.read.head), maxFacts)) {
    if (own !== undefined) ready = await readied(sealing);
    // What was read before another sealer's seal may be sealed by now.
    if (ready === undefined || (own !== undefined && ready.read.head?.root !== own.root))
      return yield { is: "overtaken" };
    const { outcome, head } = await append(sealing, ready, unsealed);
    yield outcome;
    if (head === undefined) return;
    own = head;
  }
}

/** Makes one seal, the first of `seals`. */
export async function seal(sealing: Sealing, since?: string): Promise<Outcome> {
  for await (const outcome of seals(sealing, since)) return outcome;
  return { is: "nothing" };
}

export interface Sealed {
  readonly facts: number;
  /** Whether nothing that was seen is left. */
  readonly isDone: boolean;
}

/**
 * Seals until nothing is left, another sealer is at it, or the signal says so.
 * @param since see `seals`
 */
export async function sealAll(
  sealing: Sealing,
  { since, signal }: { readonly since?: string; readonly signal?: AbortSignal } = {},
): Promise<Sealed> {
  let facts = 0;
  for await (const outcome of seals(sealing, since)) {
    if (outcome.is === "sealed") facts += outcome.facts;
    if (outcome.is === "nothing" || (outcome.is === "sealed" && !outcome.isCut))
      return { facts, isDone: true };
    if (signal?.aborted === true) break;
    // Requests come in between.
    await setImmediate();
  }
  return { facts, isDone: false };
}
