/** The timeline of an environment or a service: what ran at its start, and the events since. */
import type { Timeline, TimelineEntry } from "../../../schemas/answer.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, isSettled, justBefore } from "../../ledger/as-of.ts";
import { BadCursor, nextCursor, type Paging, placeOf, sizeOf } from "../../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames, knownName, knownNames, take } from "../../ledger/names/directories.ts";
import { namesOf } from "../../ledger/names/directory-names.ts";
import type { Name } from "../../ledger/store.ts";
import { type Question, questionOf } from "../question.ts";
import { release } from "../release/release.ts";
import { databasesOf } from "../service-description.ts";
import { runningEntry } from "./entries.ts";
import { described } from "./entry-details.ts";
import { eventsFrom, type Scope, type Span } from "./events.ts";

type Known = Omit<Question, "at">;

export interface Stretch {
  readonly environment: string;
  readonly service?: string | undefined;
  readonly from: string;
  readonly to: string;
}

const QUESTION = "a timeline";

/** Maximum number of releases computed for one page. */
const RELEASES = 100;

/** The scope of a timeline, with folded names; undefined if the environment or service is unknown. */
async function scopeOf(
  known: Known,
  { environment: name, service, to }: Stretch,
): Promise<Scope | undefined> {
  const environment = fold(name);
  if (service === undefined) {
    return (
      (await knownName(known, { of: "environments" }, environment)) && { environment, service: undefined }
    );
  }
  const selector = { environment, service: fold(service) };
  const [names, databases] = await Promise.all([
    allKnownNames(known, { of: "service", ...selector }),
    databasesOf(known, selector, to),
  ]);
  const named = namesOf(names, "database").map(({ name }) => name);
  return names.length > 0
    ? { ...selector, databases: new Set(databases?.keys()), named: new Set(named) }
    : undefined;
}

type KnownService = Pick<Name, "name" | "shown">;

/** What ran just before the start: one page of services, by name. */
async function runningAtStart(
  known: Known,
  { environment, service, from }: Stretch,
  after: string | undefined,
  limit: number,
): Promise<{ entries: TimelineEntry[]; last: string | undefined; more: boolean }> {
  const directory = { of: "services", environment: fold(environment) } as const;
  const { taken, more } =
    service === undefined
      ? await take<KnownService>(knownNames(known, directory, { after }), Math.min(limit, RELEASES))
      : { taken: after === undefined ? [{ name: fold(service), shown: service }] : [], more: false };
  const releases = await mapLimit(AT_ONCE, taken, ({ shown }) =>
    release({ ...known, at: justBefore(from) }, { environment, service: shown }),
  );
  const entries = releases.flatMap((one) => (one === undefined ? [] : runningEntry(one, from)));
  return { entries, last: taken.at(-1)?.name ?? after, more };
}

interface Page {
  readonly entries: readonly TimelineEntry[];
  readonly next: string | null;
}

async function firstPage(
  known: Known,
  stretch: Stretch,
  scope: Scope,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const { entries, last, more } = await runningAtStart(known, stretch, after, limit);
  if (last !== undefined && (more || entries.length === limit)) {
    return { entries, next: nextCursor(QUESTION, true, ["running", last]) };
  }
  const span = { from: stretch.from, to: stretch.to, before: justBefore(stretch.from) };
  const events = await laterPage(known, scope, span, limit - entries.length);
  return { entries: [...entries, ...events.entries], next: events.next };
}

async function laterPage(known: Known, scope: Scope, span: Span, limit: number): Promise<Page> {
  const { entries, next } = await eventsFrom(known, scope, span, limit);
  return { entries, next: cursorAt(next) };
}

/** The cursor of the event at which the next page begins. */
const cursorAt = (place: readonly [string, string] | undefined): string | null =>
  nextCursor(QUESTION, true, place && ["event", ...place]);

/**
 * Answers with one page of what happened from `from` to `to`, both inclusive; undefined if a name is unknown. Its cost
 * depends on the events of that span, not on those before or after.
 */
export async function timeline(
  asked: Omit<AsOf, "at">,
  stretch: Stretch,
  paging: Paging = {},
): Promise<Timeline | undefined> {
  const known = questionOf(asked);
  const [part, place, delivered] = placeOf(QUESTION, paging);
  if (part === "event" && (place === undefined || place < stretch.from)) throw new BadCursor(QUESTION);
  const scope = await scopeOf(known, stretch);
  if (scope === undefined) return undefined;
  const limit = sizeOf(paging, 200, 500);
  const { environment, service, from, to } = stretch;
  const { entries, next } =
    part === "event" && place !== undefined
      ? await laterPage(known, scope, { from: place, to, before: place, delivered: Number(delivered) }, limit)
      : await firstPage(known, stretch, scope, place, limit);
  return {
    environment,
    ...(service === undefined ? {} : { service }),
    from,
    to,
    knownAt: known.knownAt,
    settled: isSettled(known),
    entries: await described(known, entries),
    next,
  };
}
