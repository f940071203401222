/** Any history: at each of its moments, the history's columns show what the release shows. */

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { canonical } from "../../functions/ledger/canonical.ts";
import { history } from "../../functions/queries/history.ts";
import type { Selector } from "../../functions/queries/question.ts";
import { release } from "../../functions/queries/release/release.ts";
import type { History, Release, ShownRelease } from "../../schemas/answer.ts";
import { casesOf } from "../runs.ts";
import { flat, looked } from "./apart.ts";
import { type Given, given } from "./given.ts";

/** Each history is asked at every moment, of every service: hundreds of answers. */
const FEW = { numRuns: casesOf(5) };
const ENVIRONMENTS = ["production", "review/é"];

/**
 * A look that names no image does not say whether it contradicts what was deployed; and of a deployment that nobody
 * reported, each task may show another image, at which no row begins.
 */
const telling = flat.map(looked).filter((said) => {
  const reported = new Set(
    said.flatMap((one) => (one.kind === "deployment.succeeded" ? [canonical(one.deployment)] : [])),
  );
  return said.every((one) => {
    if (one.kind === "task.observed") return reported.has(canonical(one.deployment));
    return one.kind !== "deployment.observed" || one.components.every(({ digest }) => digest !== undefined);
  });
});

type ShownComponent = ShownRelease["components"][number];
type Gist = Pick<Release, "status" | "since" | "until" | "rollback"> & {
  by: string | null;
  drift: boolean;
  attempt: string | null;
  images: readonly ShownComponent[];
};

const gistOf = (one: Release): Gist => ({
  status: one.status,
  since: one.since,
  until: one.until,
  rollback: one.rollback,
  by: one.deployedBy,
  drift: one.drift !== null,
  attempt: one.attempt?.status ?? null,
  images: one.components.map(({ component, variant, digest, resolvedBy, repository, tags, commit }) => ({
    component,
    ...(variant === undefined ? {} : { variant }),
    digest,
    resolvedBy,
    repository,
    tags,
    commit: commit?.sha ?? null,
  })),
});

/**
 * What a row promises between its start and the next row. Where no deployment named the digest, tasks and observations may
 * show more meanwhile; a push may give an image a further tag, and where a look shows what runs, whoever looked last is named.
 */
function between(row: Gist, gist: Gist): Partial<Gist> {
  const isNamed = row.images.length > 0 && row.images.every(({ resolvedBy }) => resolvedBy === "digest");
  if (!isNamed) return {};
  const images = gist.images.map((one) => ({ ...one, tags: [] }));
  return { ...gist, images, by: null };
}

const iso = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

/** What the last row of a place up to a moment says. */
function shownBy(
  { places, rows, releases, people }: History,
  service: string,
  at: string,
): (Gist & { isStart: boolean }) | undefined {
  const place = places.findIndex((one) => one.service === service);
  const n = rows.place.findLastIndex((one, row) => one === place && (iso(rows.at[row]) ?? "") <= at);
  const by = rows.by[n];
  return n === -1
    ? undefined
    : {
        status: rows.status[n] ?? "unknown",
        since: iso(rows.since[n]),
        until: iso(rows.until[n]),
        rollback: rows.rollback[n] ?? false,
        by: by === null || by === undefined ? null : (people[by] ?? null),
        drift: rows.drift[n] ?? false,
        attempt: rows.attempt[n] ?? null,
        images: releases[rows.release[n] ?? -1]?.components ?? [],
        isStart: iso(rows.at[n]) === at,
      };
}

/** All pages of a history, put together. */
async function pagesOf(ledger: Given, environment: string, from: string, to: string, limit: number) {
  const pages: History[] = [];
  let cursor: string | undefined;
  do {
    const page = await history(ledger.at(to), { environment, from, to }, { limit, cursor });
    if (page === undefined) return pages;
    expect(page.rows.at.length).toBeLessThanOrEqual(limit);
    pages.push(page);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return pages;
}

/** Compares a history with the releases of one service. */
async function compare(
  ledger: Given,
  pages: readonly History[],
  place: Selector,
  moments: readonly string[],
) {
  for (const at of moments) {
    const answer = await release(ledger.at(at), place);
    const shown = pages.map((page) => shownBy(page, place.service, at)).findLast((one) => one !== undefined);
    expect(shown === undefined).toBe(answer === undefined);
    if (answer === undefined || shown === undefined) continue;
    const { isStart, ...row } = shown;
    const gist = gistOf(answer);
    const [one, other] = isStart ? [row, gist] : [between(row, row), between(row, gist)];
    expect({ place, at, shown: one }).toEqual({ place, at, shown: other });
  }
}

it("a history shows at each moment what the release shows, from whatever moment on, page by page", async () => {
  await fc.assert(
    fc.asyncProperty(
      telling.filter((said) => said.length > 0),
      fc.nat(),
      fc.integer({ min: 1, max: 6 }),
      async (said, start, limit) => {
        const ledger = await given();
        for (const statement of said) await ledger.tell(statement);
        const times = [...new Set(said.map(({ occurredAt }) => occurredAt))].sort();
        const moments = times.slice(start % times.length);
        const [from = "", to = from] = [moments[0], moments.at(-1)];
        for (const environment of ENVIRONMENTS) {
          const pages = await pagesOf(ledger, environment, from, to, limit);
          const services = new Set(pages.flatMap(({ places }) => places.map((one) => one.service)));
          for (const service of services) await compare(ledger, pages, { environment, service }, moments);
        }
      },
    ),
    FEW,
  );
});
