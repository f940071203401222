/** Finds times in people's words. Whether a period means its start or its end, the ledger decides. */
import type { ParsedResult } from "chrono-node/en";
import { millisecondsOf } from "../../schemas/words/durations.ts";
import { UsageError } from "../error.ts";

const API = [
  /^(now|today|yesterday|-\d{1,6}[mhdw])$/,
  /^\d{4}-\d{2}-\d{2}$/,
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/,
];
const AGO = /^\d{1,6}[mhdw]$/;
/** No date with its day or its month first, and no bare number. */
const UNREAD = /^(\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b.*|\d+)$/;

export interface Clock {
  readonly now: Date;
  /** An IANA time zone. */
  readonly tz: string;
}

/** Minutes that a zone is ahead of UTC at a moment. */
function offsetOf({ now, tz }: Clock): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone: tz, timeZoneName: "longOffset" }).formatToParts(
    now,
  );
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name) ?? [];
  const ahead = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -ahead : ahead;
}

const two = (n: number | null): string => String(n ?? 0).padStart(2, "0");

/** What the parser found, as the ledger takes it: a day, or a local time. */
function asLocal({ start }: ParsedResult): string {
  if (start.isCertain("timezoneOffset")) return start.date().toISOString();
  const day = `${String(start.get("year")).padStart(4, "0")}-${two(start.get("month"))}-${two(start.get("day"))}`;
  if (!start.isCertain("hour")) return day;
  return `${day}T${two(start.get("hour"))}:${two(start.get("minute"))}:${two(start.get("second"))}`;
}

/** Reads times; loaded once, because the library of free words is large. */
export async function timeReader(clock: Clock): Promise<(words: string) => string | undefined> {
  const { casual } = await import("chrono-node/en");
  const reference = { instant: clock.now, timezone: offsetOf(clock) };
  return (words) => {
    const text = words.trim();
    if (API.some((form) => form.test(text))) return text;
    if (AGO.test(text)) return `-${text}`;
    if (UNREAD.test(text)) return undefined;
    const spaced = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}(:\d{2})?)$/.exec(text);
    if (spaced !== null) return `${spaced[1]}T${spaced[2]}`;
    const [found, ...others] = casual.parse(text, reference, { forwardDate: false });
    const isWhole =
      found !== undefined && others.length === 0 && found.end == null && found.text.trim() === text;
    return isWhole ? asLocal(found) : undefined;
  };
}

/** A time as the ledger takes it. Throws a CliError with an example where the words are none. */
export function timeOf(read: (words: string) => string | undefined, words: string): string {
  const time = read(words);
  if (time !== undefined) return time;
  throw new UsageError(
    `${words}: is no time; write it like 2026-10-22, 2026-10-22T09:00, 7d, yesterday, or last friday 14:00`,
  );
}

/** A duration like 30s, 10m, 2h or 1d in milliseconds. Throws a CliError that names the option. */
export function durationOf(option: string, text: string): number {
  const ms = millisecondsOf(text, "smhd");
  if (ms !== undefined) return ms;
  throw new UsageError(`${option}: ${text} must be a duration like 30s, 10m, 2h or 1d`);
}
