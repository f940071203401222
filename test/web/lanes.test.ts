import { describe, expect, it } from "vitest";
import type { History } from "../../schemas/answers/history.ts";
import { versionsOf } from "../../schemas/words/version.ts";
import {
  changeTimes,
  compared,
  density,
  isFrozenAt,
  lanesOf,
  markOf,
  nextChange,
  previousChange,
  rowAt,
} from "../../web/lanes.ts";

const component = (tag: string) => ({
  component: "main",
  digest: `sha256:${tag.padEnd(64, "0")}`,
  resolvedBy: "digest" as const,
  repository: "ghcr.io/acme/web",
  tags: [tag],
  commit: null,
});

/** One service that ran 1 from 100, failed to become 2 at 200, and ran 2 from 300 until it was removed at 400. */
const page: History = {
  environment: "production",
  from: "1970-01-01T00:00:00.000Z",
  to: "1970-01-01T00:00:01.000Z",
  knownAt: "1970-01-01T00:00:01.000Z",
  settled: true,
  places: [{ environment: "production", service: "web" }],
  releases: [
    { owner: null, components: [] },
    { owner: null, components: [component("1")] },
    { owner: null, components: [component("2")] },
  ],
  people: ["mona"],
  rows: {
    place: [0, 0, 0, 0, 0],
    at: [0, 100, 200, 300, 400],
    status: ["unknown", "running", "running", "running", "removed"],
    since: [null, 100, 100, 300, 400],
    until: [100, 300, 300, 400, null],
    release: [0, 1, 1, 2, 0],
    by: [null, 0, 0, 0, null],
    rollback: [false, false, false, true, false],
    drift: [false, false, false, false, false],
    attempt: [null, null, "failed", null, null],
  },
  next: null,
};
const [lane] = lanesOf([page]);

const shownAt = (at: number): string => {
  const row = rowAt(lane, at);
  const version = row?.status === "running" ? versionsOf({ ...row.release, status: row.status }) : "";
  return `${row?.status} ${version} ${markOf(row)?.glyph ?? ""}`.trim();
};

describe("a frozen place", () => {
  const freeze = {
    environment: "Production",
    service: null,
    since: "2026-11-01T00:00:00.000Z",
    until: "2026-11-03T00:00:00.000Z",
  };
  const [place, within] = [{ environment: "production", service: "web" }, Date.parse("2026-11-02T00:00:00Z")];

  it("is marked, unless something there needs somebody", () => {
    const at = (ms: number) => markOf(lane && rowAt(lane, ms), true)?.word;
    expect([100, 200, 300, 400].map(at)).toEqual(["frozen", "last deployment failed", "frozen", "removed"]);
  });

  it("is one of which a freeze tells, between its begin and its end", () => {
    expect(isFrozenAt([freeze], place, within)).toBe(true);
    expect(isFrozenAt([{ ...freeze, until: null }], place, within + 1e10)).toBe(true);
    expect(isFrozenAt([freeze], place, within + 2 * 86_400_000)).toBe(false);
    expect(isFrozenAt([freeze], place, within - 2 * 86_400_000)).toBe(false);
    expect(isFrozenAt([freeze], { ...place, environment: "staging" }, within)).toBe(false);
    expect(isFrozenAt([{ ...freeze, service: "WEB" }], place, within)).toBe(true);
    expect(isFrozenAt([{ ...freeze, service: "shop" }], place, within)).toBe(false);
  });
});

describe("a lane", () => {
  it("shows at each moment the row that began last", () => {
    expect([-1, 0, 99, 100, 199, 200, 300, 399, 400].map(shownAt)).toEqual([
      "undefined  ?",
      "unknown  ?",
      "unknown  ?",
      "running 1",
      "running 1",
      "running 1 ✗",
      "running 2 ▼",
      "running 2 ▼",
      "removed  –",
    ]);
  });

  it("goes on where a page ended amid it", () => {
    const cut = (from: number, to: number): History => ({
      ...page,
      rows: {
        place: page.rows.place.slice(from, to),
        at: page.rows.at.slice(from, to),
        status: page.rows.status.slice(from, to),
        since: page.rows.since.slice(from, to),
        until: page.rows.until.slice(from, to),
        release: page.rows.release.slice(from, to),
        by: page.rows.by.slice(from, to),
        rollback: page.rows.rollback.slice(from, to),
        drift: page.rows.drift.slice(from, to),
        attempt: page.rows.attempt.slice(from, to),
      },
    });
    expect(lanesOf([cut(0, 2), cut(2, 5)])).toEqual([lane]);
  });
});

describe("the time strip", () => {
  const times = changeTimes(lane === undefined ? [] : [lane, lane]);

  it("holds each change once: what else runs, what failed and what was removed", () => {
    expect(times).toEqual([100, 200, 300, 400]);
  });

  it("steps from any moment to the change after it and the one before it", () => {
    expect([0, 100, 250, 400].map((at) => nextChange(times, at))).toEqual([100, 200, 300, undefined]);
    expect([0, 100, 250, 401].map((at) => previousChange(times, at))).toEqual([
      undefined,
      undefined,
      200,
      400,
    ]);
  });

  it("counts changes by equal parts, without those outside of its span", () => {
    expect(density(times, 100, 300, 2)).toEqual([1, 1]);
    expect(density([], 0, 1, 3)).toEqual([0, 0, 0]);
  });
});

describe("a comparison", () => {
  it("is of images: the same, different, or with nothing to compare", () => {
    const [one, two, none] = [rowAt(lane, 100), rowAt(lane, 300), rowAt(lane, 400)];
    expect([compared(one, one), compared(one, two), compared(one, none), compared(none, none)]).toEqual([
      "same",
      "differs",
      "alone",
      "same",
    ]);
  });
});
