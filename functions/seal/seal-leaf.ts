/** The leaves of the log: facts as stored, and after the facts of each seal one leaf that dates them. */
import * as z from "zod";
import { canonical } from "../../schemas/canonical.ts";

/** The most facts of a seal, and about the most bytes of them: they are in memory at once. */
export const MAX_FACTS_OF_SEAL = 2000;
export const MAX_BYTES_OF_SEAL = 16 * 1024 * 1024;

/**
 * In milliseconds. How far back facts are looked for: an index may show a fact late, and a clock that stamped it may
 * have been behind. What exceeds this is found by the sweep.
 */
export const SEAL_OVERLAP_MS = 15 * 60_000;

const Time = z.iso.datetime({ precision: 3 });

/** The last leaf of a seal. */
export const SealLeaf = z.strictObject({
  kind: z.literal("seal"),
  /** Counts the seals from 1. */
  n: z.int().min(1),
  /** Later than the one of the seal before. */
  sealedAt: Time,
  /** The tree before this seal: hash in hex. */
  previous: z.strictObject({ size: z.int().min(0), root: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** The facts of this seal, which are the leaves before this one. */
  count: z.int().min(0),
  /** In milliseconds: from the oldest `recordedAt` of these facts to `sealedAt`; 0 without facts. */
  lag: z.int(),
});

export type SealLeaf = z.infer<typeof SealLeaf>;

/** The entry of a seal. */
export const sealEntry = (leaf: Omit<SealLeaf, "kind">): Buffer =>
  Buffer.from(canonical({ kind: "seal", ...leaf }));

/** The seal of an entry; undefined if the entry is a fact, or is not written in canonical form. No fact is of kind "seal". */
export function readSeal(entry: Buffer): SealLeaf | undefined {
  if (!entry.includes('"kind":"seal"')) return undefined;
  try {
    const parsed = SealLeaf.safeParse(JSON.parse(entry.toString()));
    return parsed.success && sealEntry(parsed.data).equals(entry) ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
