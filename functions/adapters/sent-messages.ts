/** The port that remembers the messages sent to chats, so that none is sent twice, even after a restart. */
export interface SentMessages {
  /** What was kept under a key; undefined if nothing was in the last 30 days. */
  get(key: string): Promise<string | undefined>;
  /** Durable when it returns. Replaces what was kept. */
  put(key: string, value: string): Promise<void>;
}

/** How long it is kept: longer than anything is delivered again. */
export const KEPT_MS = 30 * 86_400_000;
