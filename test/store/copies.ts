/** A ledger with a fact of every kind, to be copied, and everything that lies in a file, to compare copies. */

import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import type { Database } from "../../functions/adapters/sqlite/database.ts";
import { sqlitePeople, sqlitePersonRecords } from "../../functions/adapters/sqlite/people.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import type { Side } from "../../functions/ledger/export/copy.ts";
import { EXAMPLES } from "../../schemas/examples.ts";
import { isAboutAnother } from "../../schemas/fact.ts";
import { withPersons } from "../../schemas/persons.ts";
import { taken } from "./stores.ts";

const OCTOCAT = { issuer: "/ci/acme", login: "Octocat" };

export const sideOf = (database: Database, name = database.file): Side => ({
  name,
  store: sqliteStore(database, steadyClock(undefined), noDamage()),
  people: { ...sqlitePeople(database), ...sqlitePersonRecords(database) },
  lagMs: 0,
});

const timeOf = (minutes: number): string => new Date(Date.UTC(2026, 9, 1, 0, minutes)).toISOString();

/** Records a fact of every kind and `more` freezes over some days, every third with the hash of a vendor's event. */
export async function fill(database: Database, more = 0): Promise<number> {
  const { store, people } = sideOf(database);
  const { commitment: octocat } = await people.commit(OCTOCAT);
  const freezes = Array.from({ length: more }, (_, n) => ({
    ...EXAMPLES["environment.frozen"],
    id: `again/${n}`,
  }));
  const statements = [...Object.values(EXAMPLES), ...freezes];
  // What is retracted or disputed comes before that.
  statements.sort((a, b) => Number("target" in a) - Number("target" in b));
  const facts = statements.map((said, n) => withPersons(taken(said, timeOf(n * 97)), () => octocat));
  for (const [n, fact] of facts.entries()) {
    const [target] = isAboutAnother(fact) ? await store.get([fact.target]) : [];
    const { posted, derived } = accessPatternsOf(fact, target);
    for (const one of derived) await store.derive(one);
    const put = await store.put({ ...posted, ...(n % 3 === 0 ? { rawHash: sha256(fact.id) } : {}) });
    if (put !== "written") throw new Error(`${fact.source} ${fact.id} is there twice`);
  }
  return facts.length;
}

const EVERYTHING = [
  "SELECT key, fact, hash, rawHash FROM items ORDER BY key",
  "SELECT part, ord, key FROM entries JOIN items ON items.id = item ORDER BY part, ord, key",
  "SELECT directory, name, shown, recordedAt, hash FROM names ORDER BY directory, name",
  "SELECT commitment, issuer, login, shown, salt FROM people ORDER BY commitment",
];

/** Every row of facts, entries, names and people. */
export const everythingIn = (database: Database): unknown[][][] =>
  EVERYTHING.map((sql) => database.prepare(sql).rows());
