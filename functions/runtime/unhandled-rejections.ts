/** Handles rejections of promises that nobody awaits. */
import type { Log } from "../ledger/ingest/ingest-context.ts";

/**
 * Logs rejections that nobody awaits, which are bugs, and lets the process continue: its other work does not depend on
 * them. On AWS, this replaces the runtime's own listener, which would end the instance.
 */
export function logUnhandled(log: Pick<Log, "error">): void {
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason) => {
    const { name, message, stack = "" } = reason instanceof Error ? reason : new Error(String(reason));
    log.error("a rejection that nobody awaited", { name, reason: message, stack });
  });
}
