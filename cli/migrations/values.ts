/** Interprets the values of a history table, as text of any database. */

import { createHash } from "node:crypto";
import { time } from "../../schemas/scalars.ts";
import { byText } from "../../schemas/words/ordering.ts";
import type { Row } from "./driver.ts";

/** PostgreSQL gives `true`, MySQL and SQLite `1`. */
export const isTrue = (value: string | null | undefined): boolean => value === "true" || value === "1";

/** Neither absent nor empty. */
export const isPresent = (value: string | null | undefined): value is string =>
  value !== undefined && value !== null && value !== "";

/**
 * How to read a tool's times. `zoned`: they have a zone (PostgreSQL `timestamptz`, a text with a zone, milliseconds since
 * 1970). `UTC`: they have none, and the tool writes UTC.
 */
export type Clock = "zoned" | "UTC";

/** The time of a value, as the ledger writes times; undefined where its zone would be a guess. */
export function instantOf(value: string | null | undefined, clock: Clock): string | undefined {
  if (!isPresent(value)) return undefined;
  if (/^\d{12,14}(\.0)?$/.test(value)) return new Date(Number(value)).toISOString();
  const [, date, clockTime, zone = ""] = /^(\S+?)[ T](\d[\d:.]+)(Z|[+-][\d:]+)?$/.exec(value) ?? [];
  const offset =
    zone === "" && clock === "UTC"
      ? "Z"
      : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? "00"}`);
  const parsed = time.safeParse(`${date}T${clockTime}${offset}`);
  return parsed.success ? parsed.data : undefined;
}

/** A version made of several columns; its hash where it would be longer than a version may be. */
export function joined(separator: string, ...parts: readonly (string | null | undefined)[]): string {
  const whole = parts.map((part) => part ?? "").join(separator);
  if (Buffer.byteLength(whole) <= 255) return whole;
  return `sha256:${createHash("sha256").update(whole).digest("hex")}`;
}

/** Compares rows by several columns: numbers as numbers, other values by code units, empty ones first. */
export const byColumns =
  (columns: readonly string[]) =>
  (a: Row, b: Row): number =>
    columns.map((column) => compare(a[column] ?? "", b[column] ?? "")).find((order) => order !== 0) ?? 0;

function compare(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return Number(BigInt(a) - BigInt(b));
  return byText(a, b);
}
