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

/** A moment in a zone: `Wed 25 Nov 14:31`, with the year if it is not that of `now`. */
export function moment(ms: number, now: number, timeZone?: string): string {
  const parts = (time: number) =>
    Object.fromEntries(
      formatOf(timeZone)
        .formatToParts(time)
        .map(({ type, value }) => [type, value]),
    );
  const shown = parts(ms);
  const year = shown.year === parts(now).year ? "" : ` ${shown.year}`;
  return `${shown.weekday} ${shown.day} ${shown.month}${year} ${shown.hour}:${shown.minute}`;
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
