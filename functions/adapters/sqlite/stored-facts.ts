/** Reads all facts in the ledger's file, also those that are missing from the index of recorded facts. */
import { setImmediate } from "node:timers/promises";
import type { StoredFacts } from "../../ledger/store.ts";
import { factKey, listingOf } from "../keys.ts";
import type { Database } from "./database.ts";
import { factOf, isPointer } from "./facts.ts";

const PAGE = 500;

export function sqliteStoredFacts(database: Database): StoredFacts {
  const page = database.prepare("SELECT id, key, fact, hash FROM items WHERE id > ? ORDER BY id LIMIT ?");
  const unlisted = database.prepare(
    `SELECT value->>0 FROM json_each(?) WHERE NOT EXISTS (
       SELECT 1 FROM entries WHERE part = value->>1 AND ord = value->>2 AND item = value->>0)`,
  );
  return async function* () {
    let last = -1;
    for (let rows = page.rows(last, PAGE); rows.length > 0; rows = page.rows(last, PAGE)) {
      const facts = rows
        .map(([id, key, bytes, hash]) => ({
          id: Number(id),
          key: String(key),
          bytes: String(bytes),
          hash: String(hash),
        }))
        .filter(({ key }) => !isPointer(key))
        .map(({ id, key, bytes, hash }) => ({ id, key, fact: factOf(key, bytes, hash) }));
      const expected = facts.map(({ id, fact }) => {
        const { part, order } = listingOf(fact);
        return [id, part, order];
      });
      const hidden = new Set(unlisted.rows(JSON.stringify(expected)).map(([id]) => Number(id)));
      yield facts.map(({ id, key, fact }) => ({ fact, isListed: key === factKey(fact) && !hidden.has(id) }));
      last = Number(rows.at(-1)?.[0] ?? last);
      await setImmediate();
    }
  };
}
