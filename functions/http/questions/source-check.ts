/** Checks regularly for silent sources: sets a metric, and logs when one falls silent and when it reports again. */
import { silentSources } from "../../queries/silent-sources.ts";
import type { Ledger } from "../context.ts";

/** Returns a check that remembers which sources were silent at the last one. */
export function sourceCheck(ledger: Ledger): () => Promise<void> {
  let before = new Set<string>();
  return async () => {
    const { store, now, silentAfter = new Map() } = ledger;
    const silent = await silentSources({ store, knownAt: now().toISOString() }, silentAfter);
    ledger.recorder?.record("silent_sources", {}, silent.length);
    for (const { source, last } of silent)
      if (!before.has(source)) ledger.log.error("a source fell silent", { source, lastRecordedAt: last });
    const names = new Set(silent.map(({ source }) => source));
    for (const source of before)
      if (!names.has(source)) ledger.log.info("a source reports again", { source });
    before = names;
  };
}
