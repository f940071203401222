/** Rejections that nobody awaits. */
import type { Log } from "../ledger/ingest.ts";

/**
 * Logs a rejection that nobody awaits, for it is a fault of ours, and lets the process go on: whatever else it is doing
 * does not depend on that. On AWS this takes the place of the runtime's own listener, which ends the instance.
 */
export function logUnhandled(log: Pick<Log, "error">): void {
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    const { name, message, stack = "" } = reason instanceof Error ? reason : new Error(String(reason));
    log.error("a rejection that nobody awaited", { name, reason: message, stack });
  });
}
