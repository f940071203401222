/**
 * The integrity check of a ledger's file. SQLite's own check finds a broken structure, but no changed byte in a value or
 * key. So each fact is compared with its hash, and each entry and name with what the facts require.
 */
import { type Fact, isAboutAnother } from "../../../schemas/fact.ts";
import { accessPatternsOf } from "../../ledger/access-patterns.ts";
import { StoreError } from "../../ledger/store.ts";
import { entriesOf, factKey, partOf, partOfDirectory, pointerKey } from "../keys.ts";
import type { Finding } from "./damage.ts";
import type { Database } from "./database.ts";
import { factOf, isPointer, NAME_COLUMNS, nameOf } from "./facts.ts";

export interface Checked {
  readonly facts: number;
  readonly findings: readonly Finding[];
}

/** Rows read between two pauses. */
const BATCH = 500;

/** The findings of SQLite's own check, in its own words. */
function structure(database: Database): Finding[] {
  const what = database.file;
  try {
    const lines = database.prepare("PRAGMA integrity_check(20)").rows().map(String);
    return lines.filter((line) => line !== "ok").map((why) => ({ what, why }));
  } catch (error) {
    return [{ what, why: error instanceof Error ? error.message : String(error) }];
  }
}

/** The entries (part, order) and names (directory, name) that one fact requires. */
interface Expected {
  readonly entries: readonly (readonly [part: string, order: string])[];
  readonly pointers: readonly (readonly [part: string, order: string])[];
  readonly names: readonly (readonly [directory: string, name: string])[];
}

function expectedOf(fact: Fact, target: Fact | undefined): Expected {
  const { posted, derived } = accessPatternsOf(fact, target);
  return {
    entries: entriesOf(posted),
    pointers: derived.flatMap((one) =>
      one.is === "pointer" ? [[partOf(one.partition), one.order] as const] : [],
    ),
    names: derived.flatMap((one) =>
      one.is === "name" ? [[partOfDirectory(one.directory), one.name.name] as const] : [],
    ),
  };
}

function readerOf(database: Database) {
  const items = database.prepare("SELECT id, key, fact, hash FROM items WHERE id > ? ORDER BY id LIMIT ?");
  const byKey = database.prepare("SELECT key, fact, hash FROM items WHERE key = ?");
  const missingEntries = database.prepare(
    `SELECT value->>0 FROM json_each(?) WHERE NOT EXISTS (
       SELECT 1 FROM entries JOIN items ON items.id = item
       WHERE part = value->>0 AND ord = value->>1 AND key = ?)`,
  );
  const missingNames = database.prepare(
    "SELECT value->>0 FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM names WHERE directory = value->>0 AND name = value->>1)",
  );
  const target = (fact: Fact): Fact | undefined => {
    if (!isAboutAnother(fact)) return undefined;
    const [[key, bytes, hash] = []] = byKey.rows(factKey(fact.target));
    return key === undefined ? undefined : factOf(String(key), String(bytes), String(hash));
  };
  return {
    items,
    expected: (fact: Fact): Expected => expectedOf(fact, target(fact)),
    /** The parts in which a fact is missing. */
    missing: (fact: Fact, { entries, pointers, names }: Expected): string[] =>
      [
        ...missingEntries.rows(JSON.stringify(entries), factKey(fact)),
        ...missingEntries.rows(JSON.stringify(pointers), pointerKey(fact)),
        ...missingNames.rows(JSON.stringify(names)),
      ].map(([part]) => String(part)),
  };
}

type Reader = ReturnType<typeof readerOf>;

/** The findings about one item, and the number of entries that it requires. */
function checkItem(reader: Reader, row: readonly unknown[]): { findings: Finding[]; entries: number } {
  const [, key, bytes, hash] = row.map(String);
  const what = `item ${key}`;
  const found = (why: string, parts?: readonly string[]) => ({
    findings: [{ what, why, ...(parts === undefined ? {} : { parts }) }],
    entries: 0,
  });
  try {
    const fact = factOf(key ?? "", bytes ?? "", hash ?? "");
    if (isPointer(key ?? "")) return { findings: [], entries: 0 };
    if (factKey(fact) !== key) return found("its key is not that of its fact");
    const expected = reader.expected(fact);
    const parts = reader.missing(fact, expected);
    const entries = expected.entries.length;
    return parts.length === 0 ? { findings: [], entries } : found(`is missing in ${parts.join(", ")}`, parts);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    // No parts are listed: every read of the item compares the hash, and fails.
    return found("its bytes are not those that were recorded", []);
  }
}

/** Surplus entries: their item is gone, or does not belong there. */
function* checkEntries(database: Database, reader: Reader): Generator<number, Finding[]> {
  const page = database.prepare(
    `SELECT part, ord, item, key, fact, hash FROM entries LEFT JOIN items ON items.id = item
     WHERE (part, ord, item) > (?, ?, ?) ORDER BY part, ord, item LIMIT ?`,
  );
  const findings: Finding[] = [];
  let last: [string, string, number] = ["", "", -1];
  for (let rows = page.rows(...last, BATCH); rows.length > 0; rows = page.rows(...last, BATCH)) {
    for (const [part, ord, item, key, bytes, hash] of rows) {
      last = [String(part), String(ord), Number(item)];
      const why = strayed(
        reader,
        [last[0], last[1]],
        key === null ? undefined : [key, bytes, hash].map(String),
      );
      if (why !== undefined) findings.push({ what: `entry ${part} ${ord}`, why, parts: [last[0]] });
    }
    yield rows.length;
  }
  return findings;
}

function strayed(
  reader: Reader,
  [part, order]: readonly [string, string],
  item: readonly string[] | undefined,
): string | undefined {
  if (item === undefined) return "its item is missing";
  const [key = "", bytes = "", hash = ""] = item;
  try {
    const fact = factOf(key, bytes, hash);
    const { entries, pointers } = reader.expected(fact);
    const belongs = (isPointer(key) ? pointers : entries).some((one) => one[0] === part && one[1] === order);
    return belongs ? undefined : `the fact ${factKey(fact)} does not belong there`;
  } catch (error) {
    // A damaged item is reported as an item. A pointer may belong to a retraction whose target is lost.
    if (error instanceof StoreError || isPointer(key)) return undefined;
    throw error;
  }
}

function checkNames(database: Database): Finding[] {
  const rows = database.prepare(`SELECT ${NAME_COLUMNS} FROM names`).rows();
  return rows.flatMap((row): Finding[] => {
    try {
      nameOf(row);
      return [];
    } catch {
      const [directory = "", name] = row.map(String);
      return [{ what: `name ${name} of ${directory}`, why: "is not what was recorded", parts: [directory] }];
    }
  });
}

/**
 * Checks the whole file, a few rows at a time, so that the caller can pause or show progress. Yields the number of rows
 * read since the last yield.
 */
export function* checkDatabase(database: Database): Generator<number, Checked> {
  const findings = structure(database);
  // A file with a broken structure is not read any further.
  if (findings.length > 0) return { facts: 0, findings };
  const reader = readerOf(database);
  let [id, facts, entries] = [0, 0, 0];
  for (let rows = reader.items.rows(id, BATCH); rows.length > 0; rows = reader.items.rows(id, BATCH)) {
    for (const row of rows) {
      const found = checkItem(reader, row);
      findings.push(...found.findings);
      entries += found.entries;
      if (!isPointer(String(row[1]))) facts++;
    }
    id = Number(rows.at(-1)?.[0]);
    yield rows.length;
  }
  findings.push(...checkNames(database));
  // Reading all entries takes as long as reading all facts, so they are read only if their number is wrong.
  const own = database.prepare(
    // Only items up to the last checked one count: others may be recorded meanwhile.
    "SELECT count(*) FROM entries LEFT JOIN items ON items.id = item WHERE item <= ? AND (key IS NULL OR key NOT LIKE 'P#%')",
  );
  if (findings.length > 0 || Number(own.text(id)) !== entries)
    findings.push(...(yield* checkEntries(database, reader)));
  return { facts, findings };
}
