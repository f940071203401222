/** The regular checks of a server: its file, and sources that fell silent. */
import { checkInBackground } from "../../adapters/sqlite/background.ts";
import type { Damage } from "../../adapters/sqlite/damage.ts";
import type { Database } from "../../adapters/sqlite/database.ts";
import type { Ledger } from "../../http/context.ts";
import { sourceCheck } from "../../http/questions/source-check.ts";
import { log } from "./log.ts";

/** The check waits, so that it does not slow down the first requests after a start. */
const CHECK_AFTER_MS = 5000;

/** How often the sources are checked for one that fell silent. */
const CHECK_SOURCES_MS = 5 * 60_000;

/**
 * Checks the file once, some time after the start. From then on, damaged data is not served. Returns a function to stop,
 * which waits for the part of the check in progress.
 */
export function scheduleCheck({ file }: Database, damage: Damage): () => Promise<void> {
  let running = Promise.resolve();
  const ended = new AbortController();
  const check = async () => {
    try {
      const { findings } = await checkInBackground(file, ended.signal);
      for (const finding of findings) {
        damage.add(finding);
        log.error("the ledger's file is damaged", { what: finding.what, why: finding.why });
      }
    } catch (error) {
      if (ended.signal.aborted) return;
      log.error("the ledger's file could not be checked", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const timer = setTimeout(() => {
    running = check();
  }, CHECK_AFTER_MS);
  return () => {
    clearTimeout(timer);
    ended.abort();
    return running;
  };
}

/** Checks regularly which sources fell silent. Returns a function to stop. */
export function repeatSourceCheck(ledger: Ledger): () => void {
  const check = sourceCheck(ledger);
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("the sources could not be checked", { reason });
    });
  }, CHECK_SOURCES_MS);
  return () => clearInterval(timer);
}
