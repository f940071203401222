/** The sources: which report, when each last did and how many facts; and what was quarantined or ignored. */
import type { Sources } from "../../schemas/answer.ts";
import { dayOf } from "../ledger/access-patterns.ts";
import { nextCursor, type Paging, placeOf, sizeOf } from "../ledger/cursor.ts";
import type { KnownAt } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { knownNames, namesIn, take } from "../ledger/names/directories.ts";
import { type Silence, type SilentAfter, silenceOf } from "./silent-sources.ts";

type Entry = Sources["sources"][number];

const QUESTION = "the sources";
const DAY_MS = 86_400_000;

/** The first of the last seven UTC days. */
export const weekBefore = (time: string): string =>
  dayOf(new Date(Date.parse(`${dayOf(time)}T00:00:00Z`) - 6 * DAY_MS).toISOString());

async function countsOf(knowledge: KnownAt, source: string): Promise<Entry["facts"]> {
  const { store, knownAt } = knowledge;
  const today = dayOf(knownAt);
  const span = { from: weekBefore(knownAt), to: today };
  const { taken: days } = await take(namesIn(knowledge, { of: "days", source }, span), 7);
  const counts = await Promise.all(
    days.map(({ name: day }) => store.count({ of: "source", source, day }, knownAt)),
  );
  return {
    today: days.at(-1)?.name === today ? (counts.at(-1) ?? 0) : 0,
    week: counts.reduce((sum, count) => sum + count, 0),
  };
}

/** The fields about a source's rhythm. */
function rhythmAnswered({
  last,
  rhythm,
  isSilent,
}: Silence): Pick<Entry, "silent" | "usualPauseS" | "lateAt"> {
  if (rhythm === undefined) return { silent: false };
  const { pauseMs, lateAfterMs } = rhythm;
  return {
    silent: isSilent,
    ...(pauseMs === undefined ? {} : { usualPauseS: Math.round(pauseMs / 1000) }),
    ...(Number.isFinite(lateAfterMs)
      ? { lateAt: new Date(Date.parse(last) + lateAfterMs).toISOString() }
      : {}),
  };
}

/** Empty for a source that is listed but has no fact: the write of its first fact failed. */
async function entryOf(knowledge: KnownAt, source: string, silentAfter: SilentAfter): Promise<Entry[]> {
  const [silence, facts] = await Promise.all([
    silenceOf(knowledge, source, silentAfter),
    countsOf(knowledge, source),
  ]);
  return silence === undefined
    ? []
    : [{ source, lastRecordedAt: silence.last, facts, ...rhythmAnswered(silence) }];
}

/**
 * Answers with one page of sources.
 * @param quarantined summary of the quarantine
 * @param ignored counts of ignored events by reason
 * @param silentAfter when a source counts as silent, where it was set
 */
export async function sources(
  knowledge: KnownAt,
  paging: Paging,
  quarantined: Sources["keptAside"],
  ignored: Sources["ignored"],
  silentAfter: SilentAfter = new Map(),
): Promise<Sources> {
  const [after] = placeOf(QUESTION, paging);
  const found = knownNames(knowledge, { of: "sources" }, { after });
  const { taken, more } = await take(found, sizeOf(paging, 50, 100));
  const entries = await mapLimit(AT_ONCE, taken, ({ name }) => entryOf(knowledge, name, silentAfter));
  return {
    knownAt: knowledge.knownAt,
    sources: entries.flat(),
    keptAside: quarantined,
    ignored,
    next: nextCursor(QUESTION, more, taken.at(-1)?.name),
  };
}
