/** Keeps the chat messages that were sent in the ledger's file. */
import { KEPT_MS, type SentMessages } from "../sent-messages.ts";
import type { Database } from "./database.ts";

export function sqliteSentMessages(database: Database): SentMessages {
  const find = database.prepare("SELECT value FROM sent WHERE key = ? AND at > ?");
  const insert = database.prepare(
    "INSERT INTO sent (key, at, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, value = excluded.value",
  );
  const forget = database.prepare("DELETE FROM sent WHERE at <= ?");
  const oldest = (): string => new Date(Date.now() - KEPT_MS).toISOString();
  return {
    get: async (key) => find.rows(key, oldest()).map(([value]) => String(value))[0],
    put: async (key, value) => {
      await database.write(() => {
        forget.run(oldest());
        insert.run(key, new Date().toISOString(), value);
      });
    },
  };
}
