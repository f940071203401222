/** The chain of seals: each dates the facts before it. */
import { USUAL_GAP_MS } from "../gaps.ts";
import { emptyRoot, type Hash } from "../merkle.ts";
import { MAX_BYTES_OF_SEAL, MAX_FACTS_OF_SEAL, SEAL_OVERLAP_MS, type SealLeaf } from "../seal-leaf.ts";
import { MAX_ENTRY_BYTES } from "../tiles.ts";
import { type Finding, LISTED } from "./findings.ts";

/** A time without a seal: nothing shows when what was recorded in it was there. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly ms: number;
}

/** A fact that was recorded outside of the interval of its seal. */
interface Outside {
  readonly index: number;
  /** Milliseconds before its start, or behind its end. */
  readonly ms: number;
}

/** Leaves since the newest seal. */
interface Open {
  readonly facts: number;
  readonly bytes: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

const NOTHING: Open = {
  ...{ facts: 0, bytes: 0 },
  earliestMs: Number.POSITIVE_INFINITY,
  latestMs: Number.NEGATIVE_INFINITY,
};

/** Whether a seal may have left facts of its time for the next one: one more may not have fitted. */
const isFull = ({ facts, bytes }: Open): boolean =>
  facts >= MAX_FACTS_OF_SEAL || bytes > MAX_BYTES_OF_SEAL - MAX_ENTRY_BYTES;

/** Takes the leaves of a log in order. */
export class SealChain {
  readonly #heard: (finding: Finding) => void;
  readonly #listFrom: number;
  readonly #maxGapMs: number | undefined;
  #newest: SealLeaf | undefined;
  #end: { readonly size: number; readonly roots: readonly Hash[] } = { size: 0, roots: [emptyRoot()] };
  /** Leaves are missing, so the next seal cannot be checked by them. */
  #isTorn = false;
  #open = NOTHING;
  /** Start of the interval of the next seal, in milliseconds. */
  #startMs = Number.NEGATIVE_INFINITY;
  #lastRecordedMs = Number.NEGATIVE_INFINITY;
  #facts = 0;
  #gapCount = 0;
  #nearly = 0;
  readonly #gaps: Gap[] = [];
  /** Facts since the newest seal, if they may turn out to be later than their seal: by leaf. */
  #pending: { readonly index: number; readonly ms: number }[] = [];

  constructor(heard: (finding: Finding) => void, maxGapMs?: number) {
    this.#heard = heard;
    this.#maxGapMs = maxGapMs;
    this.#listFrom = Math.min(USUAL_GAP_MS, maxGapMs ?? USUAL_GAP_MS);
  }

  get newest(): SealLeaf | undefined {
    return this.#newest;
  }

  get facts(): number {
    return this.#facts;
  }

  /** Gaps, longest first, and how many there are. */
  get gaps(): { readonly count: number; readonly longest: readonly Gap[] } {
    return { count: this.#gapCount, longest: this.#gaps.toSorted((a, b) => b.ms - a.ms) };
  }

  /** Facts that were recorded outside of the interval of their seal by less than clocks and indexes may lag. */
  get nearly(): number {
    return this.#nearly;
  }

  /**
   * @param ms `recordedAt`; NaN if the leaf is unreadable
   * @param bytes of the entry
   */
  fact(index: number, ms: number, bytes: number): void {
    this.#facts++;
    const { facts, earliestMs, latestMs } = this.#open;
    const counted = { facts: facts + 1, bytes: this.#open.bytes + bytes };
    if (Number.isNaN(ms)) {
      this.#open = { ...counted, earliestMs, latestMs };
      return;
    }
    this.#open = { ...counted, earliestMs: Math.min(earliestMs, ms), latestMs: Math.max(latestMs, ms) };
    this.#lastRecordedMs = ms;
    if (ms < this.#startMs) this.#outside({ index, ms: this.#startMs - ms }, "LATE");
    this.#pending.push({ index, ms });
  }

  /** Leaves cannot be read: what the next seal says of them is taken as it is. */
  tear(): void {
    this.#isTorn = true;
  }

  /** @param roots of the tree up to and with this seal: by the entries, and by the tiles if they differ */
  seal(index: number, seal: SealLeaf, roots: readonly Hash[]): void {
    const before = this.#newest;
    const sealedAtMs = Date.parse(seal.sealedAt);
    this.#chain(index, seal, sealedAtMs);
    for (const { index: at, ms } of this.#open.latestMs > sealedAtMs ? this.#pending : [])
      if (ms > sealedAtMs) this.#outside({ index: at, ms: ms - sealedAtMs }, "FUTURE");
    if (before !== undefined) this.#gap(before.sealedAt, seal.sealedAt, `before seal ${seal.n}`);
    // The facts of one time may fill several seals. Then those of the next one go on where a full one ended.
    this.#startMs = isFull(this.#open) ? this.#lastRecordedMs : sealedAtMs;
    this.#newest = seal;
    this.#end = { size: index + 1, roots };
    this.#open = NOTHING;
    this.#isTorn = false;
    this.#pending = [];
  }

  /** After the last leaf. @param size of the checkpoint */
  finish(size: number, now: Date): void {
    if (this.#end.size !== size)
      this.#heard({ kind: "seal", index: size - 1, message: "the log does not end with a seal" });
    if (this.#newest === undefined) return;
    const { sealedAt, n } = this.#newest;
    const aheadMs = Date.parse(sealedAt) - now.getTime();
    if (aheadMs > SEAL_OVERLAP_MS)
      this.#heard({ kind: "seal", message: `seal ${n} is dated ${sealedAt}, after ${now.toISOString()}` });
    if (this.#maxGapMs !== undefined && aheadMs < 0)
      this.#gap(sealedAt, now.toISOString(), `since seal ${n}`);
  }

  #chain(index: number, { n, sealedAt, previous, count, lag }: SealLeaf, sealedAtMs: number): void {
    const wrong = (message: string): void =>
      this.#heard({ kind: "seal", index, message: `seal ${n}: ${message}` });
    const before = this.#newest;
    const next = (before?.n ?? 0) + 1;
    if (n !== next && !this.#isTorn) wrong(`it should be number ${next}`);
    if (before !== undefined && sealedAtMs <= Date.parse(before.sealedAt))
      wrong(`its time ${sealedAt} is not later than ${before.sealedAt}, that of the seal before`);
    if (this.#isTorn) return;
    const isRight = this.#end.roots.some((root) => root.toString("hex") === previous.root);
    if (previous.size !== this.#end.size || !isRight)
      wrong("it does not continue the tree of the seal before");
    const { facts, earliestMs } = this.#open;
    if (count !== facts) wrong(`it says ${count} facts, and has ${facts}`);
    const expected = Number.isFinite(earliestMs) ? sealedAtMs - earliestMs : 0;
    if (lag !== expected) wrong(`it says a lag of ${lag} ms, and its facts show ${expected} ms`);
  }

  #outside({ index, ms }: Outside, word: "LATE" | "FUTURE"): void {
    if (ms <= SEAL_OVERLAP_MS) {
      this.#nearly++;
      return;
    }
    const how = word === "LATE" ? "before its seal's interval begins" : "after it was sealed";
    this.#heard({ kind: "time", index, message: `${word}: recordedAt is ${lengthOf(ms)} ${how}` });
  }

  #gap(from: string, to: string, where: string): void {
    const ms = Date.parse(to) - Date.parse(from);
    if (ms <= this.#listFrom) return;
    this.#gapCount++;
    this.#gaps.push({ from, to, ms });
    if (this.#gaps.length > 2 * LISTED)
      this.#gaps.splice(0, Number.POSITIVE_INFINITY, ...this.gaps.longest.slice(0, LISTED));
    if (this.#maxGapMs !== undefined && ms > this.#maxGapMs)
      this.#heard({ kind: "gap", message: `no seal for ${lengthOf(ms)} ${where}: ${from} to ${to}` });
  }
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A length of time in its two largest units: `2d 3h`. */
export function lengthOf(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, ms);
  for (const [unit, width] of UNITS) {
    const n = Math.floor(rest / width);
    rest -= n * width;
    if (n > 0 && parts.length < 2) parts.push(`${n}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? `${Math.round(ms)}ms` : parts.join(" ");
}
