/** The quarantine in the ledger's file: one row for each event, so that a redelivery adds none. */

import {
  type Quarantine,
  type QuarantineEntry,
  QuarantineItem,
  unreadable,
} from "../../ledger/ingest/quarantine.ts";
import type { Erasers } from "../../ledger/people/erasure.ts";
import type { Redaction } from "../../ledger/people/redaction.ts";
import { NEWEST, quarantineKey } from "../quarantine-key.ts";
import type { Database } from "./database.ts";
import { rewriterOf } from "./rewrite.ts";

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

/** The item of a whole row; undefined if it cannot be read. */
function itemOf([, at, why, reason, door, reportedBy, event, statement]: Row): QuarantineItem | undefined {
  const item = { at, why, reason, door, reportedBy, event: jsonOf(event) };
  return QuarantineItem.safeParse(statement === null ? item : { ...item, statement: jsonOf(statement) }).data;
}

const isHeldIn = (row: Row, holds: (text: string) => boolean): boolean =>
  row.some((column) => typeof column === "string" && holds(column));

const COLUMNS = "key, at, why, reason, door, reportedBy";

const REMOVE = "DELETE FROM quarantine WHERE key = ?";

/** Adds an item, inside a transaction. */
function adderOf(database: Database): (item: QuarantineItem) => void {
  const insert = database.prepare(
    `INSERT INTO quarantine (${COLUMNS}, event, statement) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return (item) => {
    const { at, why, reason, door, reportedBy, event, statement } = item;
    // What has no JSON was no event.
    const text = JSON.stringify(event) ?? "null";
    const mapped = statement === undefined ? null : JSON.stringify(statement);
    insert.run(quarantineKey(item), at, why, reason, door, reportedBy, text, mapped);
  };
}

export function sqliteQuarantine(database: Database): Quarantine {
  const add = adderOf(database);
  const isKnown = database.prepare("SELECT count(*) FROM quarantine WHERE key = ?");
  const count = database.prepare("SELECT count(*) FROM quarantine");
  const newest = database.prepare(
    `SELECT ${COLUMNS} FROM quarantine WHERE (at, key) < (?, ?) ORDER BY at DESC, key DESC LIMIT ?`,
  );
  const whole = database.prepare(`SELECT ${COLUMNS}, event, statement FROM quarantine WHERE key = ?`);
  const remove = database.prepare(REMOVE);

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
      if (Number(isKnown.text(quarantineKey(item))) > 0) return "known";
      await database.write(() => add(item));
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
      return row === undefined ? undefined : itemOf(row);
    },

    remove: async (key) => {
      await database.write(() => remove.run(key));
    },
  };
}

/** What a redaction makes of a row: nothing of one that cannot be read. Undefined: it stays as it is. */
function changeOf(row: Row, { holds, item: redacted }: Redaction) {
  if (!isHeldIn(row, holds)) return undefined;
  const found = itemOf(row);
  const item = found === undefined ? undefined : redacted(found);
  const isSame = item !== undefined && JSON.stringify(item) === JSON.stringify(found);
  return isSame ? undefined : { key: String(row[0]), item };
}

/** What an erasure does to the quarantine. */
export function sqliteQuarantineEraser(database: Database): Erasers["quarantine"] {
  const all = database.prepare(`SELECT ${COLUMNS}, event, statement FROM quarantine`);
  const remove = database.prepare(REMOVE);
  const add = adderOf(database);
  const rewrite = rewriterOf(database, "quarantine");
  return {
    holding: async (holds) => all.rows().flatMap((row) => (isHeldIn(row, holds) ? [String(row[0])] : [])),

    redact: (redaction) =>
      database.write(() => {
        const changes = all.rows().flatMap((row) => changeOf(row, redaction) ?? []);
        for (const { key, item } of changes) {
          remove.run(key);
          if (item !== undefined) add(item);
        }
        rewrite();
        return changes.length;
      }),
  };
}
