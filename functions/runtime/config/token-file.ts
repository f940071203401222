/** The file of tokens, which may be added and removed while the ledger runs. */

import { existsSync, readFileSync } from "node:fs";
import type { Token } from "../../ledger/authority/authority.ts";
import { endingSoon, tokensIn } from "../../ledger/authority/token-lines.ts";
import type { Log } from "../../ledger/ingest/ingest-context.ts";
import { ConfigurationError } from "./secrets.ts";

/** A revoked token stops working within this time. */
const TTL_MS = 10_000;

const readTokens = (file: string): Token[] => (existsSync(file) ? tokensIn(readFileSync(file, "utf8")) : []);

/**
 * The tokens in a file, read again when the last reading is ten seconds old. A file that cannot be read any more is
 * logged, and the last tokens count on. Throws a ConfigurationError where it cannot be read at start.
 */
export function tokenFile(file: string, { now, log }: { now: () => Date; log: Log }): () => readonly Token[] {
  let last: { readonly atMs: number; readonly tokens: readonly Token[] };
  const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  try {
    last = { atMs: now().getTime(), tokens: readTokens(file) };
  } catch (cause) {
    throw new ConfigurationError(`${file}: ${reasonOf(cause)}`, { cause });
  }
  return () => {
    const atMs = now().getTime();
    if (atMs - last.atMs <= TTL_MS) return last.tokens;
    try {
      last = { atMs, tokens: readTokens(file) };
    } catch (error) {
      last = { ...last, atMs };
      log.error("the tokens cannot be read; the last ones count on", { file, reason: reasonOf(error) });
    }
    return last.tokens;
  };
}

/** Logs each token that ends soon, once a day. */
export function warnOfEnds(log: Log, now: () => Date): (tokens: readonly Token[]) => void {
  const warned = new Set<string>();
  return (tokens) => {
    const today = now().toISOString().slice(0, 10);
    for (const { name, expires } of endingSoon(tokens, now())) {
      const key = `${today} ${name} ${expires}`;
      if (warned.has(key)) continue;
      warned.add(key);
      log.info("a token ends soon: make a new one", { name, expires });
    }
  };
}
