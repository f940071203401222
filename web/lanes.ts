/** What ran where at any moment, from the columns of a history. */
import type { History, ShownRelease } from "../schemas/answers/history.ts";
import { fold } from "../schemas/words/texts.ts";

export interface Row {
  readonly at: number;
  readonly status: History["rows"]["status"][number];
  readonly since: number | null;
  readonly until: number | null;
  readonly release: ShownRelease;
  readonly by: string | null;
  readonly rollback: boolean;
  readonly drift: boolean;
  readonly attempt: "started" | "failed" | null;
}

/** The rows of a service in one environment, oldest first. */
export interface Lane {
  readonly environment: string;
  readonly service: string;
  readonly rows: readonly Row[];
}

const NOTHING: ShownRelease = { components: [], owner: null };

function rowOf({ rows, releases, people }: History, n: number): Row {
  const by = rows.by[n];
  return {
    at: rows.at[n] ?? 0,
    status: rows.status[n] ?? "unknown",
    since: rows.since[n] ?? null,
    until: rows.until[n] ?? null,
    release: releases[rows.release[n] ?? -1] ?? NOTHING,
    by: by === null || by === undefined ? null : (people[by] ?? null),
    rollback: rows.rollback[n] ?? false,
    drift: rows.drift[n] ?? false,
    attempt: rows.attempt[n] ?? null,
  };
}

/** The lanes of the pages of one history: a page may go on with the last lane of the page before. */
export function lanesOf(pages: readonly History[]): Lane[] {
  const lanes = new Map<string, Lane & { rows: Row[] }>();
  for (const page of pages) {
    for (const [n, place] of page.rows.place.entries()) {
      const { environment = "", service = "" } = page.places[place] ?? {};
      const key = JSON.stringify([environment, service]);
      const lane = lanes.get(key) ?? { environment, service, rows: [] };
      lanes.set(key, lane);
      lane.rows.push(rowOf(page, n));
    }
  }
  return [...lanes.values()];
}

/** The number of ascending values that are not greater than a bound. */
function countUntil(count: number, valueAt: (n: number) => number, bound: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The row that holds at a moment; undefined: before the first. */
export const rowAt = (lane: Lane | undefined, at: number): Row | undefined =>
  lane?.rows[countUntil(lane.rows.length, (n) => lane.rows[n]?.at ?? 0, at) - 1];

/** The times at which something else runs, or a deployment failed: ascending, each once. */
export function changeTimes(lanes: readonly Lane[]): number[] {
  const times = lanes.flatMap(({ rows }) =>
    rows
      .filter(({ at, since, attempt }, n) => n > 0 && (since === at || attempt === "failed"))
      .map(({ at }) => at),
  );
  return [...new Set(times)].sort((a, b) => a - b);
}

export const nextChange = (times: readonly number[], at: number): number | undefined =>
  times[countUntil(times.length, (n) => times[n] ?? 0, at)];
export const previousChange = (times: readonly number[], at: number): number | undefined =>
  times[countUntil(times.length, (n) => times[n] ?? 0, at - 1) - 1];

/** How many times fall into each of equal parts of a span. */
export function density(times: readonly number[], from: number, to: number, parts: number): number[] {
  const counts = new Array<number>(parts).fill(0);
  for (const time of times) {
    const n = Math.floor(((time - from) / (to - from)) * parts);
    if (n >= 0 && n < parts) counts[n] = (counts[n] ?? 0) + 1;
  }
  return counts;
}

/** What identifies the images of a release, so that two of them can be compared. */
export const imagesOf = ({ components }: ShownRelease): string =>
  components
    .map(
      ({ component, variant, digest, tags }) => `${component} ${variant ?? ""} ${digest ?? tags.join(",")}`,
    )
    .join("\n");

/** State of a cell: its glyph, its word, and the class that colours both. */
export interface Mark {
  readonly glyph: string;
  readonly word: string;
  readonly tone: "" | "bad" | "warn" | "busy" | "none" | "ice";
}

const MARKS = {
  failed: { glyph: "✗", word: "last deployment failed", tone: "bad" },
  started: { glyph: "◐", word: "deployment in progress", tone: "busy" },
  drift: { glyph: "!", word: "runs something else than was deployed", tone: "warn" },
  removed: { glyph: "–", word: "removed", tone: "none" },
  unknown: { glyph: "?", word: "nothing known by then", tone: "none" },
  frozen: { glyph: "*", word: "frozen", tone: "ice" },
  rollback: { glyph: "▼", word: "rolled back", tone: "" },
} as const satisfies Record<string, Mark>;

/** @param isFrozen whether deployments to the place are frozen at that moment, which a state that needs somebody outweighs */
export function markOf(row: Row | undefined, isFrozen = false): Mark | undefined {
  if (row === undefined || row.status === "unknown") return MARKS.unknown;
  if (row.attempt !== null) return MARKS[row.attempt];
  if (row.status === "removed") return MARKS.removed;
  if (row.drift) return MARKS.drift;
  if (isFrozen) return MARKS.frozen;
  return row.rollback ? MARKS.rollback : undefined;
}

/** What is frozen: `environment` and `service`, where `null` stands for all of them. */
export interface Frozen {
  readonly environment: string;
  readonly service: string | null;
  readonly since: string;
  readonly until: string | null;
}

/** Whether one of the freezes holds at a place and a time, in milliseconds. Names are compared without case. */
export const isFrozenAt = (
  freezes: readonly Frozen[],
  { environment, service }: { readonly environment: string; readonly service: string },
  at: number,
): boolean =>
  freezes.some(
    (one) =>
      fold(one.environment) === fold(environment) &&
      (one.service === null || fold(one.service) === fold(service)) &&
      Date.parse(one.since) <= at &&
      (one.until === null || at <= Date.parse(one.until)),
  );

export type Likeness = "same" | "differs" | "alone";

/** A cell beside the one that it is compared with. */
export function compared(row: Row | undefined, other: Row | undefined): Likeness {
  const [one, two] = [row, other].map((it) => (it?.status === "running" ? imagesOf(it.release) : undefined));
  if (one === undefined || two === undefined) return one === two ? "same" : "alone";
  return one === two ? "same" : "differs";
}
