/** Facts and names as they are kept: compared with their hash when they are read. Facts are parsed once, for they never change. */
import { hash } from "node:crypto";
import type { Fact } from "../../../schemas/fact.ts";
import { type Name, StoreError } from "../../ledger/store.ts";
import { cacheOf } from "./cache.ts";
import type { Database } from "./database.ts";

export interface Item {
  readonly fact: Fact;
  /** A pointer's copy, which was put before its fact. */
  readonly provisional: boolean;
}

export interface Facts {
  /** The items of these numbers. Throws a StoreError that names the first whose bytes are not those that were put. */
  read(ids: Iterable<number>): Map<number, Item>;
  /** The same, without keeping them: for readings that go through everything once. */
  pass(ids: Iterable<number>): Map<number, Item>;
}

/** Characters of JSON whose facts are kept; a parsed fact takes three to four times as much memory. */
const CACHE_CHARACTERS = 32_000_000;

/** SHA-256 of the bytes of a fact, by which damage is found. */
export const hashOf = (bytes: string): string => hash("sha256", bytes);

export const isPointer = (key: string): boolean => key.startsWith("P#");

/** A row's fact, if its bytes are those that were put. */
export function factOf(key: string, bytes: string, hash: string): Fact {
  if (hashOf(bytes) !== hash)
    throw new StoreError(
      "damaged",
      `The fact ${key} is damaged: its bytes are not those that were recorded. Restore a backup with \`asof restore\`.`,
    );
  return JSON.parse(bytes);
}

/** The hash that a name is kept with. */
export const hashOfName = (directory: string, { name, shown, recordedAt }: Name): string =>
  hashOf(JSON.stringify([directory, name, shown, recordedAt]));

/** The columns of a name's row, which `nameOf` reads. */
export const NAME_COLUMNS = "directory, name, shown, recordedAt, hash";

/** A row's name, if it is the one that was put. */
export function nameOf(row: readonly unknown[]): Name {
  const [directory = "", name = "", shown = "", recordedAt = "", hash] = row.map(String);
  const found = { name, shown, recordedAt };
  if (hashOfName(directory, found) === hash) return found;
  throw new StoreError(
    "damaged",
    `The name ${name} of ${directory} is damaged: it is not what was recorded. Restore a backup with \`asof restore\`.`,
  );
}

export function factsOf(database: Database): Facts {
  const select = database.prepare(
    "SELECT id, key, fact, hash FROM items WHERE id IN (SELECT value FROM json_each(?))",
  );
  const kept = cacheOf<number, Item>(CACHE_CHARACTERS);

  function load(ids: Iterable<number>, isKept: boolean): Map<number, Item> {
    const found = new Map<number, Item>();
    const missing: number[] = [];
    for (const id of new Set(ids)) {
      const hit = kept.get(id);
      if (hit === undefined) missing.push(id);
      else found.set(id, hit);
    }
    if (missing.length === 0) return found;
    for (const [id, key, bytes, hash] of select.rows(JSON.stringify(missing))) {
      const text = String(bytes);
      const item = { fact: factOf(String(key), text, String(hash)), provisional: isPointer(String(key)) };
      found.set(Number(id), item);
      if (isKept) kept.set(Number(id), item, text.length);
    }
    return found;
  }

  return { read: (ids) => load(ids, true), pass: (ids) => load(ids, false) };
}
