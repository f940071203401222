/** Formats times, spans, images and persons as words. */
import { duration } from "../../schemas/words/durations.ts";
import type { Span } from "./style.ts";

export { counted } from "../../schemas/words/counted.ts";
export { shortCommit, shortDigest, shortRevision } from "../../schemas/words/ids.ts";

export const spanBetween = (from: string, to: string): string => duration(Date.parse(to) - Date.parse(from));

/** Times in the reader's zone. */
export interface Times {
  /** `Fri 27 Nov 03:12`, with the year where it is another one. */
  readonly time: (iso: string) => string;
  /** The same with the zone. */
  readonly zoned: (iso: string) => string;
  /** `27 Nov` */
  readonly day: (iso: string) => string;
  /** `03:12` */
  readonly clock: (iso: string) => string;
  /** `25 Nov`, `17–25 Nov`, `28 Oct – 3 Nov` */
  readonly days: (from: string, to: string) => string;
}

export function timesIn(tz: string, now: string): Times {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: tz, hourCycle: "h23", ...options });
  const parts = format({
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  const read = (iso: string) =>
    Object.fromEntries(parts.formatToParts(new Date(iso)).map(({ type, value }) => [type, value]));
  const thisYear = read(now).year;
  const dayOf = ({ day, month, year }: Record<string, string>) =>
    `${day} ${month}${year === thisYear ? "" : ` ${year}`}`;
  const timeOf = (found: Record<string, string>) =>
    `${found.weekday} ${dayOf(found)} ${found.hour}:${found.minute}`;
  const daysOf = (from: string, to: string) => {
    const [first, last] = [read(from), read(to)];
    if (dayOf(first) === dayOf(last)) return dayOf(last);
    const isOneMonth = first.month === last.month && first.year === last.year;
    return isOneMonth ? `${first.day}–${dayOf(last)}` : `${dayOf(first)} – ${dayOf(last)}`;
  };
  return {
    days: daysOf,
    time: (iso) => timeOf(read(iso)),
    zoned: (iso) => {
      const found = read(iso);
      return `${timeOf(found)} ${found.timeZoneName}`;
    },
    day: (iso) => dayOf(read(iso)),
    clock: (iso) => {
      const { hour, minute } = read(iso);
      return `${hour}:${minute}`;
    },
  };
}

/** Digests and ids of commits within a text, shortened. */
export const shortIds = (text: string): string =>
  text
    .replaceAll(/sha256:([0-9a-f]{8})[0-9a-f]{56}/g, "$1")
    .replaceAll(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, "$1");

export const linked = (text: string, url: string | null | undefined): Span =>
  url == null ? { text } : { text, url };

/** A link to a run, by the number at the end of its address. */
export const runLink = (url: string | null | undefined): Span =>
  linked(`${/\/(\d+)\/?$/.exec(url ?? "")?.[1] ?? ""} ↗`.trim(), url);

/** A repository's address without its scheme and forge: `acme/deploy`. */
export const shortRepository = (url: string): string =>
  url.replace(/^https?:\/\/[^/]+\//, "").replace(/\.git$/, "");
