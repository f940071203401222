/** The quarantine in the ledger's file: one row for each event, so that a redelivery adds none. */
import * as z from "zod";
import { sha256 } from "../../ledger/canonical.ts";
import type { Quarantine, QuarantineItem } from "../../ledger/quarantine.ts";
import type { Database } from "./database.ts";

const NEWEST = 20;

const Row = z.tuple([
  z.string(),
  z.string(),
  z.enum(["conflict", "rejected", "malformed"]),
  z.string(),
  z.string(),
]);

export function sqliteQuarantine(database: Database): Quarantine {
  const insert = database.prepare(
    "INSERT INTO quarantine (key, at, why, reason, door, reportedBy, event) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const count = database.prepare("SELECT count(*) FROM quarantine");
  const newest = database.prepare(
    `SELECT key, at, why, reason, door FROM quarantine ORDER BY at DESC LIMIT ${NEWEST}`,
  );
  return {
    keep: async ({ at, why, reason, door, reportedBy, event }: QuarantineItem) => {
      const key = `${why}-${sha256(JSON.stringify([door, why, event])).slice(0, 32)}`;
      // What has no JSON was no event.
      const text = JSON.stringify(event) ?? "null";
      await database.write(() => insert.run(key, at, why, reason, door, reportedBy, text));
    },

    list: async () => ({
      where: `${database.file}, table quarantine`,
      count: Number(count.text()),
      newest: newest.rows().map((row) => {
        const [file, at, why, reason, door] = Row.parse(row);
        return { at, why, reason, door, file };
      }),
    }),
  };
}
