/** Makes sealed logs for tests: facts and seals in, the files of a folder out. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { signCheckpoint } from "../../functions/seal/checkpoint.ts";
import { emptyRoot, GrowingTree, type Hash, hashOfLeaf } from "../../functions/seal/merkle.ts";
import { type Signer, writeKey } from "../../functions/seal/note.ts";
import { sealEntry } from "../../functions/seal/seal-leaf.ts";
import { bundleOf, pathOf, TILE_WIDTH } from "../../functions/seal/tiles.ts";
import type { LogFiles } from "../../functions/seal/verify/files.ts";
import { canonical } from "../../schemas/canonical.ts";

/** The stored bytes of a fact. */
export const factEntry = (id: string, recordedAt: string, more: object = {}): Buffer =>
  Buffer.from(
    canonical({
      ...{ v: 1, kind: "artifact.pushed", source: "/test/registry", id, occurredAt: recordedAt, recordedAt },
      ...{ reportedBy: "ci", statementHash: "b".repeat(64), repository: "ghcr.io/acme/billing" },
      ...{ digest: `sha256:${"a".repeat(64)}`, tag: `1.${id.length}` },
      ...more,
    }),
  );

/** Writes the files of a log, one after another. Every seal publishes a checkpoint. */
export class LogWriter {
  readonly #write: (path: string, bytes: Buffer) => void;
  readonly #signer: Signer;
  readonly #tree = new GrowingTree(0, [], ({ level, index }, hash) => this.#heard(level, index, hash));
  /** The last bundle, and the last tile of each level. */
  #bundle: Buffer[] = [];
  readonly #tiles = new Map<number, { hashes: Hash[]; index: number }>();
  #seals = 0;
  #end = { size: 0, root: emptyRoot() };
  #earliestMs = Number.POSITIVE_INFINITY;

  constructor(signer: Signer, write: (path: string, bytes: Buffer) => void) {
    this.#signer = signer;
    this.#write = write;
    write("key", Buffer.from(`${writeKey(signer.key)}\n`));
  }

  get size(): number {
    return this.#tree.size;
  }

  entry(entry: Buffer, recordedAt?: string): void {
    if (recordedAt !== undefined) this.#earliestMs = Math.min(this.#earliestMs, Date.parse(recordedAt));
    this.#bundle.push(entry);
    this.#tree.append(hashOfLeaf(entry));
    if (this.#bundle.length < TILE_WIDTH) return;
    this.#put("entries", Math.floor((this.size - 1) / TILE_WIDTH), bundleOf(this.#bundle), TILE_WIDTH);
    this.#bundle = [];
  }

  fact(id: string, recordedAt: string, more: object = {}): void {
    this.entry(factEntry(id, recordedAt, more), recordedAt);
  }

  /** @param more replaces fields of the seal */
  async seal(sealedAt: string, more: object = {}): Promise<void> {
    const { size, root } = this.#end;
    const count = this.size - size;
    const lag = Number.isFinite(this.#earliestMs) ? Date.parse(sealedAt) - this.#earliestMs : 0;
    const previous = { size, root: root.toString("hex") };
    this.#seals++;
    this.entry(sealEntry({ n: this.#seals, sealedAt, previous, count, lag, ...more }));
    this.#end = { size: this.size, root: this.#tree.root() };
    this.#earliestMs = Number.POSITIVE_INFINITY;
    await this.publish();
  }

  async publish(): Promise<void> {
    if (this.#bundle.length > 0)
      this.#put("entries", Math.floor(this.size / TILE_WIDTH), bundleOf(this.#bundle), this.#bundle.length);
    for (const [level, { hashes, index }] of this.#tiles)
      if (hashes.length > 0) this.#put(level, index, Buffer.concat(hashes), hashes.length);
    const checkpoint = { size: this.size, root: this.#tree.root() };
    const note = Buffer.from(await signCheckpoint(checkpoint, this.#signer));
    this.#write(`checkpoints/${this.size}`, note);
    this.#write("checkpoint", note);
  }

  #put(level: number | "entries", index: number, bytes: Buffer, width: number): void {
    this.#write(pathOf({ level, index, width }), bytes);
  }

  #heard(level: number, index: number, hash: Hash): void {
    if (level % 8 !== 0) return;
    const tile = this.#tiles.get(level / 8) ?? { hashes: [], index: 0 };
    this.#tiles.set(level / 8, tile);
    tile.hashes.push(hash);
    if (tile.hashes.length < TILE_WIDTH) return;
    this.#put(level / 8, Math.floor(index / TILE_WIDTH), Buffer.concat(tile.hashes), TILE_WIDTH);
    this.#tiles.set(level / 8, { hashes: [], index: tile.index + 1 });
  }
}

export type Files = Map<string, Buffer>;

/** The time of a minute of the log's first day. */
export const minute = (n: number): string => new Date(Date.UTC(2026, 9, 1, 0, n)).toISOString();

/** A log of these numbers of facts for each seal, a minute from one seal to the next; facts are recorded 30 s before. */
export async function madeLog(signer: Signer, factsOfSeals: readonly number[]): Promise<Files> {
  const files: Files = new Map();
  const log = new LogWriter(signer, (path, bytes) => files.set(path, bytes));
  for (const [n, facts] of factsOfSeals.entries()) {
    const recordedAt = new Date(Date.parse(minute(n + 1)) - 30_000).toISOString();
    for (let fact = 0; fact < facts; fact++) log.fact(`fact-${n + 1}-${fact}`, recordedAt);
    await log.seal(minute(n + 1));
  }
  return files;
}

/** Reads a log in memory. */
export const inMemory = (files: Files): Required<LogFiles> => ({
  read: async (path) => files.get(path),
  names: async (folder) => {
    const prefix = folder === "" ? "" : `${folder}/`;
    const below = [...files.keys()].filter((path) => path.startsWith(prefix));
    const names = below.map((path) => {
      const [first = "", ...rest] = path.slice(prefix.length).split("/");
      return rest.length === 0 ? first : `${first}/`;
    });
    return [...new Set(names)];
  },
});

export function writeFolder(folder: string, files: Files): void {
  for (const [path, bytes] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}
