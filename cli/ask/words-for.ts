/** Words for times, spans, images and persons. */
import type { Span } from "./style.ts";

export { shortCommit, shortDigest } from "../../schemas/version.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `45s`, `6m`, `3h51m`, `1d12h`, `17d`: two units where the larger one is small. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / 1000))}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`;
  const two = (whole: number, unit: string, rest: number, small: string) =>
    `${whole}${unit}${rest === 0 ? "" : `${rest}${small}`}`;
  if (ms < DAY) return two(Math.floor(ms / HOUR), "h", Math.floor((ms % HOUR) / MINUTE), "m");
  const days = Math.floor(ms / DAY);
  return days < 10 ? two(days, "d", Math.floor((ms % DAY) / HOUR), "h") : `${days}d`;
}

export const spanBetween = (from: string, to: string): string => span(Date.parse(to) - Date.parse(from));

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
  return {
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

/** Ids of commits are shortened, other revisions are names. */
export const shortRevision = (revision: string): string =>
  /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision;

export const linked = (text: string, url: string | null | undefined): Span =>
  url == null ? { text } : { text, url };

/** `2 changes`, `1 change`. */
export const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

/** A repository's address without its scheme and forge: `acme/deploy`. */
export const shortRepository = (url: string): string =>
  url.replace(/^https?:\/\/[^/]+\//, "").replace(/\.git$/, "");
