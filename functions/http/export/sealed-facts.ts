/** Finds which facts of an answer are in the sealed log. */
import type { Release } from "../../../schemas/answers/release.ts";
import type { Identity } from "../../ledger/store.ts";
import { positionsIn } from "../../seal/positions.ts";
import { CHECKPOINT } from "../../seal/read-log.ts";
import type { Ledger } from "../context.ts";

type Recorded = Identity & { readonly recordedAt: string };

/**
 * Looks facts up, in one round trip to the log; undefined where the ledger has none. The checkpoint is read at once, while
 * the answer is made.
 */
export function sealedFacts({
  sealedLog,
}: Ledger): ((facts: readonly Recorded[]) => Promise<Pick<Release, "sealed">>) | undefined {
  if (sealedLog === undefined) return undefined;
  const checkpoint = sealedLog.get(CHECKPOINT);
  // Awaited once the answer is there, or never if there is none.
  checkpoint.catch(() => undefined);
  const positionOf = positionsIn(sealedLog);
  return async (facts) => {
    const [note, ...indexes] = await Promise.all([checkpoint, ...facts.map(positionOf)]);
    const size = Number(note?.bytes.toString().split("\n")[1] ?? 0);
    const sealed: NonNullable<Release["sealed"]> = { size, facts: [], unsealed: [] };
    for (const [n, { source, id }] of facts.entries()) {
      const index = indexes[n];
      if (index !== undefined && index < size) sealed.facts.push({ source, id, index });
      else sealed.unsealed.push({ source, id });
    }
    return { sealed };
  };
}
