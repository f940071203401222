/**
 * Compares the ledger's facts with the sealed entries, both ways. It finds a stored fact that was rewritten or removed, one
 * that was put in with an old time behind the ledger's back, also where no index shows it, and one that an index showed too
 * late to be sealed.
 */
import type { Fact } from "../../schemas/fact.ts";
import { dayOf } from "../ledger/access-patterns.ts";
import { daysOf, exportFacts } from "../ledger/export/export.ts";
import type { Reads } from "../ledger/loader.ts";
import type { Identity, StoredFacts } from "../ledger/store.ts";
import { readHead } from "./head.ts";
import type { LogStore } from "./log-store.ts";
import { hashOfLeaf } from "./merkle.ts";
import { positionsIn } from "./positions.ts";
import { allEntries, readTile } from "./read-log.ts";
import { readSeal } from "./seal-leaf.ts";
import { type Sealing, sealAll } from "./sealer.ts";
import { HASH_BYTES, TILE_WIDTH, tileWith } from "./tiles.ts";
import { BEGINNING, entryOf, windowStart } from "./unsealed-facts.ts";

/**
 * `unsealed`: a fact of long ago that is not in the log. `changed`: its bytes are not the sealed ones. `missing`: it is
 * sealed, and not in the ledger.
 */
export interface Finding extends Identity {
  readonly what: "unsealed" | "changed" | "missing";
}

export interface Swept {
  /** Facts compared. */
  readonly facts: number;
  readonly findings: readonly Finding[];
}

/** What a sweep reads: facts by their indexes, facts as stored, and the log. */
export interface Sweeping {
  readonly store: Reads;
  readonly stored: StoredFacts;
  readonly log: LogStore;
}

/** The hash that the log has at an index. Tiles are read in order mostly, so the last one is kept. */
function hashesIn(log: LogStore, size: number): (index: number) => Promise<Buffer> {
  let last: { readonly index: number; readonly bytes: Promise<Buffer> } | undefined;
  return async (index) => {
    const tile = tileWith({ level: 0, index }, size);
    if (last?.index !== tile.index) last = { index: tile.index, bytes: readTile(log, tile) };
    const start = (index % TILE_WIDTH) * HASH_BYTES;
    return (await last.bytes).subarray(start, start + HASH_BYTES);
  };
}

const findingOf = (what: Finding["what"], { source, id }: Identity): Finding => ({ what, source, id });

/** From the ledger to the log. Marks the entries that it finds in the ledger. */
async function sweepFacts(
  store: Reads,
  log: LogStore,
  { size, until }: { readonly size: number; readonly until: string },
  isSeen: Uint8Array,
): Promise<Swept> {
  const [positionOf, hashAt] = [positionsIn(log), hashesIn(log, size)];
  const findings: Finding[] = [];
  let facts = 0;
  for await (const some of exportFacts(store, { from: BEGINNING, to: until }))
    for (const fact of some) {
      facts++;
      const index = await positionOf(fact);
      if (index === undefined) findings.push(findingOf("unsealed", fact));
      else if (index < size) {
        isSeen[index] = 1;
        if (!hashOfLeaf(entryOf(fact)).equals(await hashAt(index))) findings.push(findingOf("changed", fact));
      }
    }
  return { facts, findings };
}

/** What the ledger has instead of an entry that the indexes did not show; undefined if it has just that. */
async function missed(store: Reads, entry: Buffer): Promise<Finding | undefined> {
  const sealed: Fact = JSON.parse(entry.toString());
  const [stored] = await store.get([sealed]);
  if (stored === undefined) return findingOf("missing", sealed);
  return entryOf(stored).equals(entry) ? undefined : findingOf("changed", sealed);
}

/** From the log to the ledger: the entries that were not seen. */
async function sweepEntries(
  store: Reads,
  log: LogStore,
  size: number,
  isSeen: Uint8Array,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (!isSeen.includes(0)) return findings;
  let index = 0;
  for await (const entries of allEntries(log, size))
    for (const entry of entries) {
      if (isSeen[index++] === 1 || readSeal(entry) !== undefined) continue;
      const finding = await missed(store, entry);
      if (finding !== undefined) findings.push(finding);
    }
  return findings;
}

/**
 * Facts that reading by the time of recording does not show, so that nothing above has seen them: their entries were left
 * out when they were put in, or taken away.
 */
async function sweepHidden(
  { store, stored, log }: Sweeping,
  until: string,
  isSeen: Uint8Array,
): Promise<Finding[]> {
  const days = new Set<string>();
  for await (const day of daysOf(store, BEGINNING, until)) days.add(day);
  const positionOf = positionsIn(log);
  const findings: Finding[] = [];
  for await (const some of stored())
    for (const { fact, isListed } of some) {
      const isShown = isListed && days.has(dayOf(fact.recordedAt));
      if (isShown || fact.recordedAt > until) continue;
      const index = await positionOf(fact);
      findings.push(findingOf(index === undefined ? "unsealed" : "changed", fact));
      if (index !== undefined) isSeen[index] = 1;
    }
  return findings;
}

/** Sweeps, and seals what was found unsealed, so that the log has it, late as it is. */
export async function sweepAndSeal(sealing: Sealing & Pick<Sweeping, "stored">): Promise<Swept> {
  const swept = await sweep(sealing);
  if (swept.findings.some(({ what }) => what === "unsealed")) await sealAll(sealing, { since: BEGINNING });
  return swept;
}

/** Compares all facts, except those so young that the next seals find them. */
export async function sweep(sweeping: Sweeping): Promise<Swept> {
  const { store, log } = sweeping;
  const { head } = await readHead(log);
  if (head === undefined) return { facts: 0, findings: [] };
  const isSeen = new Uint8Array(head.size);
  const until = windowStart(head);
  const { facts, findings } = await sweepFacts(store, log, { size: head.size, until }, isSeen);
  const hidden = await sweepHidden(sweeping, until, isSeen);
  const sealed = await sweepEntries(store, log, head.size, isSeen);
  return { facts, findings: [...findings, ...hidden, ...sealed] };
}
