/** Which sources fell silent: they report more often than this, by their own counts. */
import type { Sources } from "../schemas/answer.ts";

type Source = Sources["sources"][number];

const [HOUR, WEEK_HOURS] = [3_600_000, 168];
/** Silent for so many times the usual distance between two of its facts. */
const TIMES = 5;

/** The usual distance between two facts of a source in a week; undefined: too few to say. */
export const usualMs = ({ facts }: Source): number | undefined =>
  facts.week < 7 ? undefined : (WEEK_HOURS * HOUR) / facts.week;

export function isSilent(source: Source, now: number): boolean {
  const usual = usualMs(source);
  const quiet = now - Date.parse(source.lastRecordedAt);
  return usual !== undefined && quiet > Math.max(HOUR, usual * TIMES);
}
