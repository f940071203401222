/** Checkpoints that were published or saved before, compared with the tree at their sizes. */
import { type Checkpoint, readCheckpoint } from "../checkpoint.ts";
import type { Hash } from "../merkle.ts";
import type { VerifierKey } from "../note.ts";
import type { LogFiles } from "./files.ts";
import type { Finding, Kind } from "./findings.ts";

export const pathOfCheckpoint = (size: number): string => `checkpoints/${size}`;

/** The sizes of a log's earlier checkpoints; names that are none are left out. */
async function publishedSizes({ names }: LogFiles): Promise<Set<number>> {
  const sizes = ((await names?.("checkpoints")) ?? []).filter(isSizeName).map(Number);
  return new Set(sizes);
}

export const isSizeName = (name: string): boolean => /^(0|[1-9]\d{0,14})$/.test(name);

export class EarlierCheckpoints {
  readonly #files: LogFiles;
  readonly #key: VerifierKey;
  readonly #since: Checkpoint | undefined;
  #sizes = new Set<number>();
  #isSinceMet = false;
  readonly #unsigned: Finding[] = [];
  readonly #differing: Omit<Finding, "kind">[] = [];
  /** Those that are right, by size: when their seal says that they were made. */
  readonly #sealed = new Map<number, string>();

  constructor(files: LogFiles, key: VerifierKey, since: Checkpoint | undefined) {
    this.#files = files;
    this.#key = key;
    this.#since = since;
  }

  async load(): Promise<void> {
    this.#sizes = await publishedSizes(this.#files);
  }

  /** The time of the seal at the end of a checkpoint that is right; undefined for any other. */
  sealedAt(size: number): string | undefined {
    return this.#sealed.get(size);
  }

  /** Compares the checkpoints of this size. @param roots that the tree has there, by entries and by tiles */
  async at(size: number, sealedAt: string, roots: readonly Hash[]): Promise<void> {
    const isRight = (root: Hash): boolean => roots.some((one) => one.equals(root));
    if (this.#since?.size === size) {
      this.#isSinceMet = true;
      if (!isRight(this.#since.root))
        this.#differing.push({
          message: `the log has another past than the saved checkpoint of size ${size}`,
        });
    }
    if (!this.#sizes.delete(size)) return;
    const path = pathOfCheckpoint(size);
    const read = await this.#read(size);
    if (read?.size !== size)
      this.#unsigned.push({
        kind: "history",
        path,
        message: `is not signed by the key for a log of ${size} leaves`,
      });
    else if (isRight(read.root)) this.#sealed.set(size, sealedAt);
    else this.#differing.push({ path, message: "was signed for another log than this" });
  }

  /**
   * What is wrong, after the last leaf.
   * @param size of the log's own checkpoint
   * @param grownTo that of the checkpoint that lies there now
   * @param isRootRight whether the entries lead to the signed root; else they are at fault, and not the past
   */
  async findings(size: number, grownTo: number, isRootRight: boolean): Promise<Finding[]> {
    const kind: Kind = isRootRight ? "history" : "altered";
    const findings: Finding[] = [...this.#unsigned, ...this.#differing.map((one) => ({ ...one, kind }))];
    if (this.#since !== undefined && this.#since.size > 0 && !this.#isSinceMet) {
      const message =
        this.#since.size > size
          ? `the log has ${size} leaves, and had ${this.#since.size} by the saved checkpoint: it was cut off`
          : `the log has no seal at ${this.#since.size} leaves, where the saved checkpoint was made: it has another past`;
      findings.push({ kind: "history", message });
    }
    for (const left of this.#sizes) {
      if (left > size && left <= grownTo) continue;
      const path = pathOfCheckpoint(left);
      const isSigned = (await this.#read(left))?.size === left;
      const newer =
        "is newer than the log's checkpoint: an older state was put back, or a seal is on its way";
      const message = left > size && isSigned ? newer : "is no checkpoint of this log: no seal ends there";
      findings.push({ kind: "history", path, message });
    }
    return findings;
  }

  async #read(size: number): Promise<Checkpoint | undefined> {
    const note = await this.#files.read(pathOfCheckpoint(size));
    return note === undefined ? undefined : readCheckpoint(note.toString(), this.#key);
  }
}
