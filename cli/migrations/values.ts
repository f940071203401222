/** What the values of a history table mean, whichever database wrote them as text. */
import { createHash } from "node:crypto";
import { time } from "../../schemas/scalars.ts";
import type { Row } from "./connection.ts";

/** PostgreSQL says `true`, MySQL and SQLite `1`. */
export const isTrue = (value: string | null | undefined): boolean => value === "true" || value === "1";

/** Whether a value is there and says something. */
export const isPresent = (value: string | null | undefined): value is string =>
  value !== undefined && value !== null && value !== "";

/**
 * How a tool's times are to be read: `zoned` ones name their instant themselves (a PostgreSQL `timestamptz`, a text
 * with a zone, milliseconds since 1970); `UTC` ones stand without a zone, and are in UTC by the tool's own word.
 */
export type Clock = "zoned" | "UTC";

/** The instant that a value names, as the ledger writes it; undefined where the zone would have to be guessed. */
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

/** Names a version by its parts; one that is longer than a version may be, by its hash. */
export function joined(separator: string, ...parts: readonly (string | null | undefined)[]): string {
  const whole = parts.map((part) => part ?? "").join(separator);
  if (Buffer.byteLength(whole) <= 255) return whole;
  return `sha256:${createHash("sha256").update(whole).digest("hex")}`;
}

/** Orders rows by columns, one after the other: numbers as numbers, anything else by its code units, nothing first. */
export const byColumns =
  (columns: readonly string[]) =>
  (a: Row, b: Row): number =>
    columns.map((column) => compare(a[column] ?? "", b[column] ?? "")).find((order) => order !== 0) ?? 0;

function compare(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return Number(BigInt(a) - BigInt(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
