/** Times in tables: never guessed. A date that may be two days, or a local time without its zone, is refused. */
import { Temporal } from "temporal-polyfill";
import type { TimeMapping } from "./mapping.ts";

/** A time in UTC, or why there is none. `uncertain`: what of it is not known. */
export type ReadTime =
  | { readonly is: "time"; readonly at: string; readonly uncertain?: string }
  | { readonly is: "fault"; readonly why: string };

const fault = (why: string): ReadTime => ({ is: "fault", why });
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Absent: only a day is named. */
  readonly time?: {
    readonly hour: number;
    readonly minute: number;
    readonly second: number;
    readonly ms: number;
  };
  /** `Z`, or an offset like `+02:00`. */
  readonly offset?: string;
}

/** What each letter group of a format matches. */
const GROUPS: Readonly<Record<string, string>> = {
  yyyy: "(?<year>\\d{4})",
  MMM: "(?<name>[A-Za-z]{3})[a-z]*\\.?",
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  dd: "(?<day>\\d{2})",
  d: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{2})",
  H: "(?<hour>\\d{1,2})",
  hh: "(?<hour>\\d{2})",
  h: "(?<hour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  ss: "(?<second>\\d{2})",
  SSS: "(?<fraction>\\d{1,9})",
  a: "(?<half>[AaPp]\\.?[Mm]\\.?)",
  Z: "(?<offset>Z|[+-]\\d{2}:?\\d{2})",
};
const LETTERS = /yyyy|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|SSS|a|Z|'([^']*)'|[^A-Za-z]+|[A-Za-z]+/g;

function patternOf(format: string): RegExp | undefined {
  let source = "";
  for (const [part, literal] of format.matchAll(LETTERS)) {
    const group = GROUPS[part];
    if (group === undefined && literal === undefined && /[A-Za-z]/.test(part) && part !== "T")
      return undefined;
    source += group ?? (literal ?? part).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?\s?(?<offset>Z|UTC|[+-]\d{2}:?\d{2})?)?$/;
const AMBIGUOUS = /^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b/;

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

function offsetOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  return given === "Z" || given === "UTC" ? "Z" : given.replace(/^([+-]\d{2}):?(\d{2})$/, "$1:$2");
}

function partsOf(groups: Readonly<Record<string, string | undefined>>): Parts {
  const number = (name: string): number => Number(groups[name] ?? 0);
  const month = groups.name === undefined ? number("month") : MONTHS.indexOf(groups.name.toLowerCase()) + 1;
  const offset = offsetOf(groups.offset);
  const time = {
    hour: hourOf(number("hour"), groups.half),
    minute: number("minute"),
    second: number("second"),
    ms: Number((groups.fraction ?? "0").padEnd(3, "0").slice(0, 3)),
  };
  return {
    year: number("year"),
    month,
    day: number("day"),
    ...(groups.hour === undefined ? {} : { time }),
    ...(offset === undefined ? {} : { offset }),
  };
}

const EXCEL_DAY_0_MS = Date.UTC(1899, 11, 30);

/** The local time of a number of Excel's: days since the end of 1899. */
function ofExcel(days: number): Parts {
  const [date, time] = new Date(EXCEL_DAY_0_MS + Math.round(days * 86_400) * 1000).toISOString().split("T");
  const [year = 0, month = 0, day = 0] = (date ?? "").split("-").map(Number);
  const [hour = 0, minute = 0, second = 0] = (time ?? "").slice(0, 8).split(":").map(Number);
  return { year, month, day, ...(Number.isInteger(days) ? {} : { time: { hour, minute, second, ms: 0 } }) };
}

/** The local time in its zone. The hour that clocks show twice, in autumn, is uncertain; the one they skip is no time. */
function placed(parts: Parts, { zone, at }: TimeMapping): ReadTime {
  const { time, offset, ...date } = parts;
  if (time === undefined && at === undefined)
    return fault("names only a day: give time.at, the time of day to take");
  const [hour = 0, minute = 0, second = 0] = (at ?? "").split(":").map(Number);
  const { ms: millisecond, ...of } = time ?? { hour, minute, second, ms: 0 };
  const local = Temporal.PlainDateTime.from({ ...date, ...of, millisecond }, { overflow: "reject" });
  const uncertain = time === undefined ? { uncertain: "the time of day of a row that names only a day" } : {};
  if (offset !== undefined) {
    const instant = Temporal.Instant.from(`${local.toString()}${offset}`);
    return { is: "time", at: new Date(instant.epochMilliseconds).toISOString(), ...uncertain };
  }
  if (zone === undefined) return fault("names no zone: give time.zone, like Europe/Berlin or UTC");
  const [early, late] = (["earlier", "later"] as const).map((disambiguation) =>
    local.toZonedDateTime(zone, { disambiguation }),
  );
  if (early === undefined || late === undefined) return fault("is no time");
  if (!early.toPlainDateTime().equals(local)) return fault(`did not exist in ${zone}: the clocks skipped it`);
  const isTwice = early.epochMilliseconds !== late.epochMilliseconds;
  return {
    is: "time",
    at: new Date(early.epochMilliseconds).toISOString(),
    ...(isTwice
      ? { uncertain: "which of two hours a local time means that the clocks showed twice" }
      : uncertain),
  };
}

function epoch(text: string, factor: number): ReadTime {
  const ms = Number(text) * factor;
  return /^\d+(\.\d+)?$/.test(text) && ms < 8.64e15
    ? { is: "time", at: new Date(ms).toISOString() }
    : fault("is no number of seconds");
}

function read(text: string, mapping: TimeMapping): ReadTime {
  const { format } = mapping;
  if (format === "epoch") return epoch(text, 1000);
  if (format === "epoch-ms") return epoch(text, 1);
  if (format === "excel")
    return /^\d+(\.\d+)?$/.test(text)
      ? placed(ofExcel(Number(text)), mapping)
      : fault("is no number of days");
  const pattern = format === undefined ? ISO : patternOf(format);
  if (pattern === undefined) return fault(`time.format ${format} has unknown letters`);
  const groups = pattern.exec(text)?.groups;
  if (groups !== undefined) return placed(partsOf(groups), mapping);
  if (format !== undefined) return fault(`is not written as ${format}`);
  return fault(
    AMBIGUOUS.test(text)
      ? "may be two days: give time.format, like dd/MM/yyyy HH:mm"
      : "is not an ISO 8601 time: give time.format",
  );
}

/** Reads a time as the mapping says. */
export function readTime(text: string, mapping: TimeMapping): ReadTime {
  try {
    return read(text, mapping);
  } catch {
    return fault("is no time of any calendar");
  }
}
