/** The times of a question: an instant, a local time, or a period, which is its start or its end. */
import type { Temporal } from "temporal-polyfill";
import { Instant } from "../../schemas/questions/question.ts";
import { millisecondsOf } from "../../schemas/words/durations.ts";
import { memoised } from "../ledger/loader.ts";
import { EndpointError } from "./problem.ts";

/** What a time is read with. */
export interface Reading {
  /** A period such as a day means its first millisecond as `from`, and its last one otherwise. */
  readonly edge: "start" | "end";
  readonly now: Date;
  /** An IANA time zone. Default: UTC for days; a local time needs one. */
  readonly tz?: string | undefined;
}

/** The library of time zones, loaded lazily and once: most questions name an instant, or no time. */
export const temporal = memoised(() => import("temporal-polyfill"));

const utc = (ms: number): string => new Date(ms).toISOString();

/** The time a whole number of minutes, hours, days of 24 hours, or weeks before now. */
function before(now: Date, field: string, value: string): string | undefined {
  const ago = value.startsWith("-") ? millisecondsOf(value.slice(1), "mhdw") : undefined;
  if (ago === undefined) return undefined;
  const ms = now.getTime() - ago;
  if (ms < 0) throw new EndpointError("rejected", `${field}: ${value} is before 1970`);
  return utc(ms);
}

/** The first or last millisecond of a day in a time zone: not every day begins at midnight, or has 24 hours. */
function edgeOfDay(day: Temporal.PlainDate, zone: string, edge: Reading["edge"]): string {
  const start = (date: Temporal.PlainDate) => date.toZonedDateTime(zone).epochMilliseconds;
  return utc(edge === "start" ? start(day) : start(day.add({ days: 1 })) - 1);
}

/** A local time as an instant. Refused if clocks were turned forward over it, or back so that it happened twice. */
function localTime(field: string, local: Temporal.PlainDateTime, zone: string): string {
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(zone, { disambiguation: "later" });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return utc(earlier.epochMilliseconds);
  const [one, other] = [earlier, later].map((at) => at.toString({ timeZoneName: "never" }));
  const happens = earlier.toPlainDateTime().equals(local) ? "happens twice" : "does not exist";
  throw new EndpointError("rejected", `${field}: ${local} ${happens} in ${zone}; use ${one} or ${other}`);
}

/**
 * The instant that a time of a question means, in UTC with milliseconds.
 * @param value as the schema of the question lets it through
 * @throws EndpointError for a local time without a zone, or one that is not exactly one instant
 */
export async function instantOf(field: string, value: string, { edge, now, tz }: Reading): Promise<string> {
  const exact =
    value === "now" ? now.toISOString() : (Instant.safeParse(value).data ?? before(now, field, value));
  if (exact !== undefined) return exact;
  const { Temporal } = await temporal();
  const zone = tz ?? "UTC";
  const today = Temporal.Instant.from(now.toISOString()).toZonedDateTimeISO(zone).toPlainDate();
  if (value === "today") return edgeOfDay(today, zone, edge);
  if (value === "yesterday") return edgeOfDay(today.subtract({ days: 1 }), zone, edge);
  if (!value.includes("T")) return edgeOfDay(Temporal.PlainDate.from(value), zone, edge);
  const local = Temporal.PlainDateTime.from(value);
  if (tz !== undefined) return localTime(field, local, tz);
  throw new EndpointError(
    "rejected",
    `${field}: ${value} needs a zone: use ${local}Z, or add the parameter tz, like tz=Europe/Berlin`,
  );
}
