/** Stored facts and names, compared with their hash when read. Facts never change, so each is parsed once and cached. */
import { hash } from "node:crypto";
import type { Fact } from "../../../schemas/fact.ts";
import { type Name, StoreError } from "../../ledger/store.ts";
import { cacheOf } from "./cache.ts";
import type { Database } from "./database.ts";

export interface Item {
  readonly fact: Fact;
  /** A pointer's copy, written before its fact. */
  readonly provisional: boolean;
}

export interface Facts {
  /** The items with these ids. Throws a StoreError that names the first item whose bytes do not match its hash. */
  read(ids: Iterable<number>): Map<number, Item>;
  /** The same without the cache, for a single pass over everything. */
  pass(ids: Iterable<number>): Map<number, Item>;
}

/** Size of the cache in characters of JSON; a parsed fact takes three to four times as much memory. */
const CACHE_CHARACTERS = 32_000_000;

/** SHA-256 of a fact's bytes, to detect damage. */
export const hashOf = (bytes: string): string => hash("sha256", bytes);

export const isPointer = (key: string): boolean => key.startsWith("P#");

/** A row's fact. Throws if its bytes do not match the hash. */
export function factOf(key: string, bytes: string, hash: string): Fact {
  if (hashOf(bytes) !== hash)
    throw new StoreError(
      "damaged",
      `The fact ${key} is damaged: its bytes are not those that were recorded. Restore a backup with \`asof restore\`.`,
    );
  return JSON.parse(bytes);
}

/** The hash that is stored with a name. */
export const hashOfName = (directory: string, { name, shown, recordedAt }: Name): string =>
  hashOf(JSON.stringify([directory, name, shown, recordedAt]));

/** The columns of a name's row, which `nameOf` reads. */
export const NAME_COLUMNS = "directory, name, shown, recordedAt, hash";

/** A row's name. Throws if it does not match the hash. */
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
