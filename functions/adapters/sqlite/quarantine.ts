/** The quarantine in the ledger's file: one row for each event, so that a redelivery adds none. */
import {
  type Quarantine,
  type QuarantineEntry,
  QuarantineItem,
  unreadable,
} from "../../ledger/quarantine.ts";
import { NEWEST, quarantineKey } from "../quarantine-key.ts";
import type { Database } from "./database.ts";

type Row = readonly unknown[];
const About = QuarantineItem.omit({ event: true, statement: true });

function entryOf([key, at, why, reason, door, reportedBy]: Row): QuarantineEntry {
  const parsed = About.safeParse({ at, why, reason, door, reportedBy });
  return parsed.success ? { key: String(key), ...parsed.data } : unreadable(String(key), String(at));
}

function jsonOf(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

const COLUMNS = "key, at, why, reason, door, reportedBy";

export function sqliteQuarantine(database: Database): Quarantine {
  const insert = database.prepare(
    `INSERT INTO quarantine (${COLUMNS}, event, statement) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const isKnown = database.prepare("SELECT count(*) FROM quarantine WHERE key = ?");
  const count = database.prepare("SELECT count(*) FROM quarantine");
  const newest = database.prepare(
    `SELECT ${COLUMNS} FROM quarantine WHERE (at, key) < (?, ?) ORDER BY at DESC, key DESC LIMIT ?`,
  );
  const whole = database.prepare(`SELECT ${COLUMNS}, event, statement FROM quarantine WHERE key = ?`);
  const remove = database.prepare("DELETE FROM quarantine WHERE key = ?");

  const page: Quarantine["page"] = async ({ limit, cursor }) => {
    // Greater than every time.
    const [at, key]: string[] = cursor === undefined ? ["~", ""] : JSON.parse(cursor);
    const entries = newest.rows(at ?? "", key ?? "", limit).map(entryOf);
    const last = entries.at(-1);
    return last === undefined || entries.length < limit
      ? { entries }
      : { entries, cursor: JSON.stringify([last.at, last.key]) };
  };
  return {
    page,

    keep: async (item) => {
      const { at, why, reason, door, reportedBy, event, statement } = item;
      const key = quarantineKey(item);
      if (Number(isKnown.text(key)) > 0) return "known";
      // What has no JSON was no event.
      const text = JSON.stringify(event) ?? "null";
      const mapped = statement === undefined ? null : JSON.stringify(statement);
      await database.write(() => insert.run(key, at, why, reason, door, reportedBy, text, mapped));
      return "new";
    },

    list: async () => ({
      where: `${database.file}, table quarantine`,
      count: Number(count.text()),
      newest: (await page({ limit: NEWEST })).entries.map(({ key, reportedBy: _, ...entry }) => ({
        ...entry,
        file: key,
      })),
    }),

    get: async (key) => {
      const [row] = whole.rows(key);
      if (row === undefined) return undefined;
      const [, at, why, reason, door, reportedBy, event, statement] = row;
      const item = { at, why, reason, door, reportedBy, event: jsonOf(event) };
      return QuarantineItem.safeParse(statement === null ? item : { ...item, statement: jsonOf(statement) })
        .data;
    },

    remove: async (key) => {
      await database.write(() => remove.run(key));
    },
  };
}
