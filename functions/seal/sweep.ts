/**
 * Compares the ledger's facts with the sealed entries, both ways. It finds a stored fact that was rewritten or removed, one
 * that was put in with an old time behind the ledger's back, and one that an index showed too late to be sealed.
 */
import type { Fact } from "../../schemas/fact.ts";
import { exportFacts } from "../ledger/export.ts";
import type { Reads } from "../ledger/loader.ts";
import type { Identity } from "../ledger/store.ts";
import { readHead } from "./head.ts";
import type { LogStore } from "./log-store.ts";
import { hashOfLeaf } from "./merkle.ts";
import { positionsIn } from "./positions.ts";
import { allEntries, readTile } from "./read-log.ts";
import { readSeal } from "./seal-leaf.ts";
import { type Sealing, sealAll } from "./sealer.ts";
import { HASH_BYTES, TILE_WIDTH, tileWith } from "./tiles.ts";
import { BEGINNING, entryOf, windowStart } from "./unsealed.ts";

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

/** Sweeps, and seals what was found unsealed, so that the log has it, late as it is. */
export async function sweepAndSeal(sealing: Sealing): Promise<Swept> {
  const swept = await sweep(sealing.store, sealing.log);
  if (swept.findings.some(({ what }) => what === "unsealed")) await sealAll(sealing, BEGINNING);
  return swept;
}

/** Compares all facts, except those so young that the next seals find them. */
export async function sweep(store: Reads, log: LogStore): Promise<Swept> {
  const { head } = await readHead(log);
  if (head === undefined) return { facts: 0, findings: [] };
  const isSeen = new Uint8Array(head.size);
  const { facts, findings } = await sweepFacts(
    store,
    log,
    { size: head.size, until: windowStart(head) },
    isSeen,
  );
  return { facts, findings: [...findings, ...(await sweepEntries(store, log, head.size, isSeen))] };
}
