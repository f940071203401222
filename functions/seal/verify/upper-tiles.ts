/** The tiles above those of the leaves, compared with the tree that the entries make. */
import type { Hash, Node } from "../merkle.ts";
import { pathOf, TILE_WIDTH, type Tile } from "../tiles.ts";
import { type LogFiles, olderCopies } from "./files.ts";
import type { Finding } from "./findings.ts";

/** One level of the tiles is eight levels of the tree. */
const HEIGHT = 8;

/** Collects the hashes of the tiles from the subtrees of full bundles. */
export class UpperTiles {
  readonly #files: LogFiles;
  /** The hashes of the last tile of each level. */
  readonly #open = new Map<number, Hash[]>();
  #full: { readonly tile: Tile; readonly hashes: readonly Hash[] }[] = [];

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** Takes a subtree; its level counts from that of full bundles. */
  heard({ level, index }: Node, hash: Hash): void {
    if (level % HEIGHT !== 0) return;
    const tileLevel = level / HEIGHT + 1;
    const hashes = [...(this.#open.get(tileLevel) ?? []), hash];
    this.#open.set(tileLevel, hashes.length < TILE_WIDTH ? hashes : []);
    if (hashes.length < TILE_WIDTH) return;
    const tile = { level: tileLevel, index: Math.floor(index / TILE_WIDTH), width: TILE_WIDTH };
    this.#full.push({ tile, hashes });
  }

  /** What is wrong with the tiles that became full since the last call. */
  async full(): Promise<Finding[]> {
    const full = this.#full;
    this.#full = [];
    return (await Promise.all(full.map(({ tile, hashes }) => this.#compared(tile, hashes)))).flat();
  }

  /** What is wrong with the tiles that are not full. @param bundles the number of full bundles */
  async rest(bundles: number): Promise<Finding[]> {
    const open = [...this.#open].filter(([, hashes]) => hashes.length > 0);
    const findings = open.map(([level, hashes]) => {
      const index = Math.floor(bundles / TILE_WIDTH ** level);
      return this.#compared({ level, index, width: hashes.length }, hashes);
    });
    return (await Promise.all(findings)).flat();
  }

  async #compared(tile: Tile, hashes: readonly Hash[]): Promise<Finding[]> {
    const expected = Buffer.concat(hashes);
    const path = pathOf(tile);
    const stored = await this.#files.read(path);
    const findings: Finding[] = [];
    if (stored === undefined) findings.push({ kind: "missing", path, message: "the tile is not there" });
    else if (!stored.equals(expected)) findings.push(differing(tile, stored, hashes));
    for (const older of await olderCopies(this.#files, tile)) {
      const bytes = await this.#files.read(older.path);
      if (bytes?.equals(expected.subarray(0, older.width * 32))) continue;
      const message = "this earlier copy of a tile differs from what the entries give";
      findings.push({ kind: "tile", path: older.path, message });
    }
    return findings;
  }
}

/** A tile that is not what the entries give, with the leaves that differ. */
function differing(tile: Tile, stored: Buffer, hashes: readonly Hash[]): Finding {
  const path = pathOf(tile);
  if (stored.length !== hashes.length * 32) {
    const message = `the tile has ${stored.length} bytes instead of ${hashes.length * 32}`;
    return { kind: "tile", path, message };
  }
  const at = hashes.findIndex((hash, n) => !hash.equals(stored.subarray(n * 32, (n + 1) * 32)));
  const leaves = TILE_WIDTH ** Number(tile.level);
  const first = (tile.index * TILE_WIDTH + at) * leaves;
  const message = `the tile differs from the entries of leaves ${first} to ${first + leaves - 1}`;
  return { kind: "tile", path, message };
}
