/** Durations as people read and write them: in the command line, in the page, in questions and in settings. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/**
 * The milliseconds of a duration like `30m` or `2h`; undefined for any other text.
 * @param units the letters of the units that count
 */
export function millisecondsOf(text: string, units: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const ms = UNITS[unit];
  return count === undefined || ms === undefined || !units.includes(unit) ? undefined : Number(count) * ms;
}

/** In one or two units: `45s`, `6m`, `3h51m`, `1d12h`, `17d`; the second unit only where the first is small. */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / 1000))}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`;
  const two = (whole: number, unit: string, rest: number, small: string) =>
    `${whole}${unit}${rest === 0 ? "" : `${rest}${small}`}`;
  if (ms < DAY) return two(Math.floor(ms / HOUR), "h", Math.floor((ms % HOUR) / MINUTE), "m");
  const days = Math.floor(ms / DAY);
  return days < 3 ? two(days, "d", Math.floor((ms % DAY) / HOUR), "h") : `${days}d`;
}

/** In one unit, for the cells of a table: `12m`, `5h`, `8d`. */
export function age(ms: number): string {
  if (ms < HOUR) return `${Math.max(0, Math.floor(ms / MINUTE))}m`;
  return ms < DAY ? `${Math.floor(ms / HOUR)}h` : `${Math.floor(ms / DAY)}d`;
}
