/** Times and identifiers as people read them. */
const MINUTE = 60_000;

const formats = new Map<string | undefined, Intl.DateTimeFormat>();

/** To make a format takes longer than to use it. */
function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const found =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("en-GB", {
      ...(timeZone === undefined ? {} : { timeZone }),
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  formats.set(timeZone, found);
  return found;
}

const partsOf = (ms: number, timeZone: string | undefined): Partial<Record<string, string>> =>
  Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );

/** A moment in a zone: `Wed 25 Nov 14:31`, with the year if it is not that of `now`. */
export function moment(ms: number, now: number, timeZone?: string): string {
  const shown = partsOf(ms, timeZone);
  const year = shown.year === partsOf(now, timeZone).year ? "" : ` ${shown.year}`;
  return `${shown.weekday} ${shown.day} ${shown.month}${year} ${shown.hour}:${shown.minute}`;
}

/** Ticks without those that stand too near to the next: days begin anew with each month. */
export const spaced = (ticks: readonly Date[], from: number, to: number): Date[] =>
  ticks.filter((tick, n) => {
    const next = ticks[n + 1];
    return next === undefined || next.getTime() - tick.getTime() > (to - from) / ticks.length / 2;
  });

/** The label of a tick of a time axis: `14:00`, `15 Nov`, and where only months begin `Nov` or the year. */
export function tickLabel(ms: number, isByMonth: boolean, timeZone?: string): string {
  const { day, month, year, hour, minute } = partsOf(ms, timeZone);
  if (isByMonth) return month === "Jan" ? (year ?? "") : (month ?? "");
  return hour === "00" && minute === "00" ? `${day} ${month}` : `${hour}:${minute}`;
}

export const utc = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/:\d{2}\.\d{3}Z$/, " UTC")
    .replace("T", " ");

export const zoneName = (ms: number): string =>
  new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
    .formatToParts(ms)
    .find(({ type }) => type === "timeZoneName")?.value ?? "";

/** The value of `datetime-local`, in the reader's zone. */
export function localInput(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}
