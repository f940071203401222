/** Converts vendors' times to strict RFC 3339. An unknown form is returned unchanged, and refused by the schemas. */

const SPACED = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ?(?:UTC|Z|([+-]\d{2}):?(\d{2}))$/;

/** GitLab's and Ruby's forms: `2021-04-28 21:50:00 +0200`, `… UTC`. */
export function fromSpaced(value: string): string {
  const found = SPACED.exec(value);
  if (found === null) return value;
  const [, date, clock, hours, minutes] = found;
  return `${date}T${clock}${hours === undefined ? "Z" : `${hours}:${minutes}`}`;
}

/** Seconds since 1970, as Harbor and Docker Hub send them. */
export function fromEpochSeconds(value: number): string {
  const date = new Date(value * 1000);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString();
}
