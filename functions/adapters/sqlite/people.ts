/** The table of people in the ledger's file. An erasure removes a person from the file and from its log. */
import * as z from "zod";
import { fold } from "../../../schemas/scalars.ts";
import { commitmentOf, newSalt, type People, type Person } from "../../ledger/people.ts";
import { StoreError } from "../../ledger/store.ts";
import type { Database } from "./database.ts";

const Shown = z.array(z.tuple([z.string(), z.string()]));
/** Whether a checkpoint was blocked; the numbers of pages do not matter. */
const Checkpoint = z.tuple([z.tuple([z.int()]).rest(z.int())]);

export function sqlitePeople(database: Database): People {
  const insert = database.prepare(
    "INSERT INTO people (commitment, issuer, login, shown, salt) VALUES (?, ?, ?, ?, ?) ON CONFLICT (issuer, login) DO NOTHING",
  );
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
