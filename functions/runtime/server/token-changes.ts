/**
 * Records which tokens were added or removed. Tokens are configuration, so the ledger compares the present ones with
 * those that it saw last, which are stored with its data. The first time there is nothing to compare them with.
 */

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { StatementOf } from "../../../schemas/fact.ts";
import { append } from "../../ledger/append.ts";
import type { Token } from "../../ledger/authority/authority.ts";
import { GRANTS } from "../../ledger/authority/grants.ts";
import type { Ingest } from "../../ledger/ingest/ingest-context.ts";

const EVERY_MS = 60_000;

const SeenToken = z.strictObject({
  hash: z.string(),
  role: z.string(),
  name: z.string(),
  grants: z.array(z.string()),
  expires: z.string().nullable(),
});
type SeenToken = z.infer<typeof SeenToken>;

const seenOf = (token: Token): SeenToken => ({
  hash: token.hash,
  role: token.role,
  name: token.name,
  grants: GRANTS.flatMap((grant) => (token[grant] ?? []).map((value) => `${grant}=${value}`)),
  expires: token.expires ?? null,
});

/** Tokens that were seen last; undefined where none ever were, or the file cannot be read. */
function readSeen(file: string): SeenToken[] | undefined {
  try {
    return existsSync(file) ? z.array(SeenToken).parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
  } catch {
    return undefined;
  }
}

function writeSeen(file: string, tokens: readonly SeenToken[]): void {
  writeFileSync(`${file}.partial`, JSON.stringify(tokens), { mode: 0o600 });
  renameSync(`${file}.partial`, file);
}

/** The hash of a token is in no fact: a short one could be guessed by it. */
const changed = (what: "added" | "removed", at: string, token: SeenToken): StatementOf<"token.changed"> => ({
  kind: "token.changed",
  source: "/asof/tokens",
  id: randomUUID(),
  occurredAt: at,
  timeFrom: "receipt",
  what,
  role: token.role,
  holder: token.name,
  ...(token.grants.length === 0 ? {} : { grants: token.grants }),
  ...(token.expires === null ? {} : { expires: token.expires }),
});

/**
 * Compares the tokens with those that were seen last, and records what differs. A crash in between may record a change twice.
 * @param data the ledger's folder
 * @param tokens those of its configuration, without its own ones
 */
export async function recordTokenChanges(
  data: string,
  ledger: Ingest,
  tokens: readonly Token[],
): Promise<void> {
  const file = join(data, "tokens.seen");
  const [before, now] = [readSeen(file), tokens.map(seenOf)];
  const [old, current] = [before ?? now, now].map(
    (list) => new Map(list.map((one) => [JSON.stringify(one), one])),
  );
  const at = ledger.now().toISOString();
  const gone = [...(old ?? [])].filter(([key]) => current?.has(key) !== true);
  const come = [...(current ?? [])].filter(([key]) => old?.has(key) !== true);
  if (before !== undefined && gone.length + come.length === 0) return;
  const statements = [
    ...gone.map(([, token]) => changed("removed", at, token)),
    ...come.map(([, token]) => changed("added", at, token)),
  ];
  for (const statement of statements) {
    const outcome = await append(ledger, statement, { vendor: "tokens", reportedBy: "asof" });
    if (outcome.outcome === "rejected") throw new Error(`the change of a token ${outcome.reason}`);
    if (outcome.outcome === "recorded") await ledger.publish?.(outcome.fact);
  }
  writeSeen(file, now);
}

/** Compares the tokens at start and every minute. Returns a function to stop. */
export function repeatTokenCheck(
  data: string,
  ledger: Ingest,
  tokens: () => Promise<readonly Token[]>,
): () => void {
  const check = async (): Promise<void> => {
    try {
      await recordTokenChanges(data, ledger, await tokens());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      ledger.log.error("changes of tokens could not be recorded", { reason });
    }
  };
  void check();
  const timer = setInterval(() => void check(), EVERY_MS);
  return () => clearInterval(timer);
}
