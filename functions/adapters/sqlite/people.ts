/** The table of people in the ledger's file. An erasure removes a person from the file and from its log. */
import * as z from "zod";
import { fold } from "../../../schemas/scalars.ts";
import {
  commitmentOf,
  newSalt,
  type People,
  type Person,
  type PersonRecord,
  type PersonRecords,
} from "../../ledger/people.ts";
import { StoreError } from "../../ledger/store.ts";
import type { Database } from "./database.ts";

const Shown = z.array(z.tuple([z.string(), z.string()]));
/** Whether a checkpoint was blocked; the numbers of pages do not matter. */
const Checkpoint = z.tuple([z.tuple([z.int()]).rest(z.int())]);

const INSERT =
  "INSERT INTO people (commitment, issuer, login, shown, salt) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

const PAGE = 1000;

/** The whole table, for copies of a ledger. */
export function sqlitePersonRecords(database: Database): PersonRecords {
  const insert = database.prepare(INSERT);
  const page = database.prepare(
    "SELECT commitment, issuer, shown, salt FROM people WHERE commitment > ? ORDER BY commitment LIMIT ?",
  );
  return {
    async *all() {
      let last = "";
      for (let rows = page.rows(last, PAGE); rows.length > 0; rows = page.rows(last, PAGE)) {
        const records = rows.map((row): PersonRecord => {
          const [commitment = "", issuer = "", login = "", salt = ""] = row.map(String);
          return { commitment, issuer, login, salt };
        });
        yield records;
        last = records.at(-1)?.commitment ?? last;
      }
    },
    put: async ({ commitment, issuer, login, salt }) => {
      await database.write(() => insert.run(commitment, issuer, fold(login), login, salt));
    },
  };
}

export function sqlitePeople(database: Database): People {
  const insert = database.prepare(INSERT);
  const known = database.prepare("SELECT commitment FROM people WHERE issuer = ? AND login = ?");
  const shown = database.prepare(
    "SELECT commitment, shown FROM people WHERE commitment IN (SELECT value FROM json_each(?))",
  );
  const remove = database.prepare("DELETE FROM people WHERE commitment = ?");
  const truncate = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");

  const knownAs = ({ issuer, login }: Person): string => known.text(issuer, fold(login));

  return {
    find: async (person) => knownAs(person) || undefined,

    commit: (person) => {
      const { issuer, login } = person;
      const salt = newSalt();
      return database.write(() => {
        insert.run(commitmentOf(person, salt), issuer, fold(login), login, salt.toString("hex"));
        return knownAs(person);
      });
    },

    reveal: async (commitments) => new Map(Shown.parse(shown.rows(JSON.stringify(commitments)))),

    erase: async (commitment) => {
      await database.write(() => remove.run(commitment));
      const [[isHeldUp]] = Checkpoint.parse(truncate.rows());
      // A reader in another process, like a backup, blocks the truncation of the log.
      if (isHeldUp !== 0)
        throw new StoreError(
          "unavailable",
          "SQLite: the login is erased from the file, but not yet from its log, which another process reads: erase it again",
        );
    },
  };
}
