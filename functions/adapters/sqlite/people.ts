/** The table of people in the ledger's file. An erasure removes a person from the file and from its log. */
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { fold } from "../../../schemas/scalars.ts";
import {
  type Committed,
  commitmentOf,
  type KnownPerson,
  newSalt,
  type People,
  type Person,
  type PersonRecord,
  type PersonRecords,
  type Register,
} from "../../ledger/people/people.ts";
import { StoreError } from "../../ledger/store.ts";
import type { Database } from "./database.ts";
import { rewriterOf } from "./rewrite.ts";

const Pairs = z.array(z.tuple([z.string(), z.string()]));
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

/** How long an erasure waits for readers of the log, such as a backup, and how often it looks. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

/** Moves the log into the file and empties it, as soon as nobody reads it. */
async function emptyLog(database: Database, patienceMs: number): Promise<void> {
  const truncate = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  // SQLite itself would wait without giving way to other requests.
  const [hurried, patient] = [0, database.busyMs].map((ms) =>
    database.prepare(`PRAGMA busy_timeout = ${ms}`),
  );
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    hurried?.rows();
    const [[isHeldUp]] = Checkpoint.parse(truncate.rows());
    patient?.rows();
    if (isHeldUp === 0) return;
    if (waitedMs >= patienceMs) break;
    await setTimeout(LOOK_MS);
  }
  throw new StoreError(
    "unavailable",
    "SQLite: the login is erased from the file, but not yet from its log, which another process reads: erase it again",
  );
}

/** @param patienceMs how long an erasure waits for those who read the log */
export function sqlitePeople(database: Database, patienceMs = PATIENCE_MS): People {
  const insert = database.prepare(INSERT);
  const known = database.prepare("SELECT commitment, salt FROM people WHERE issuer = ? AND login = ?");
  const of = (column: string) =>
    database.prepare(
      `SELECT commitment, ${column} FROM people WHERE commitment IN (SELECT value FROM json_each(?))`,
    );
  const [shown, salts] = [of("shown"), of("salt")];
  const remove = database.prepare("DELETE FROM people WHERE commitment IN (SELECT value FROM json_each(?))");
  const rewrite = rewriterOf(database, "people");

  function knownAs({ issuer, login }: Person): Committed | undefined {
    const [[commitment, salt] = []] = known.rows(issuer, fold(login));
    return commitment === undefined ? undefined : { commitment: String(commitment), salt: String(salt) };
  }
  const paired = (rows: unknown): Map<string, string> => new Map(Pairs.parse(rows));

  return {
    find: async (person) => knownAs(person),

    commit: (person) => {
      const { issuer, login } = person;
      const salt = newSalt();
      const made = { commitment: commitmentOf(person, salt), salt: salt.toString("hex") };
      return database.write(() => {
        insert.run(made.commitment, issuer, fold(login), login, made.salt);
        return knownAs(person) ?? made;
      });
    },

    reveal: async (commitments) => paired(shown.rows(JSON.stringify(commitments))),

    saltsOf: async (commitments) => paired(salts.rows(JSON.stringify(commitments))),

    erase: async (commitments) => {
      await database.write(() => {
        remove.run(JSON.stringify(commitments));
        rewrite();
      });
      await emptyLog(database, patienceMs);
    },
  };
}

export function sqliteRegister(database: Database): Register {
  const page = database.prepare(
    "SELECT commitment, issuer, shown FROM people WHERE commitment > ? ORDER BY commitment LIMIT ?",
  );
  const named = database.prepare(
    "SELECT commitment, issuer, shown FROM people WHERE login = ? ORDER BY issuer",
  );
  const personOf = (row: readonly unknown[]): KnownPerson => {
    const [commitment = "", issuer = "", login = ""] = row.map(String);
    return { commitment, issuer, login };
  };
  return {
    page: async ({ limit, cursor = "" }) => {
      const entries = page.rows(cursor, limit).map(personOf);
      const last = entries.at(-1);
      return last === undefined || entries.length < limit
        ? { entries }
        : { entries, cursor: last.commitment };
    },
    named: async (login) => named.rows(fold(login)).map(personOf),
  };
}
