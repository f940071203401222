import { describe, expect, it } from "vitest";
import { history } from "../../functions/queries/history.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { day, deployed, observed, recordFacts } from "./given.ts";

const KNOWN = { knownAt: "2027-01-01T00:00:00.000Z", now: new Date("2027-01-02T00:00:00Z"), settleMs: 1000 };
const OCTOBER = { environment: "production", from: day(1, "00:00"), to: day(31, "23:59") };

const minute = (month: string, n: number): string =>
  new Date(Date.parse(`2026-${month}-01T00:00:00Z`) + n * 60_000).toISOString();

/** Deployments of two images in turn, each looked at once. */
const rounds = (month: string, n: number, service = "web"): Statement[] =>
  Array.from({ length: n }, (_, round) => [
    deployed("production", service, String(round % 2), minute(month, round * 10)),
    observed("production", service, String(round % 2), minute(month, round * 10 + 6)),
  ]).flat();

/** The requests to the store, and the rows of the answer. */
async function costOf(told: readonly Statement[]) {
  let requests = 0;
  const store = memoryStore({
    fault() {
      requests++;
      return "none";
    },
  });
  await recordFacts(store, told);
  requests = 0;
  const answer = await history({ store, ...KNOWN }, OCTOBER);
  return { requests, rows: answer?.rows.at.length ?? 0 };
}

describe("a history", () => {
  it("reads the same for forty releases of two images as for four", async () => {
    const few = await costOf(rounds("10", 4));
    const many = await costOf(rounds("10", 40));
    expect([few.rows, many.rows]).toEqual([4, 40]);
    expect(many.requests).toBe(few.requests);
    expect(few.requests).toBeLessThanOrEqual(60);
  });

  it("costs the same whatever happened before and after", async () => {
    const once = await costOf([...rounds("09", 10), ...rounds("10", 5), ...rounds("11", 10)]);
    const more = await costOf([...rounds("09", 100), ...rounds("10", 5), ...rounds("11", 100)]);
    expect(more).toEqual(once);
  });

  it("holds at most 3 MB compressed in its largest page", async () => {
    const { gzipSync } = await import("node:zlib");
    const { randomBytes } = await import("node:crypto");
    const hex = (bytes: number) => randomBytes(bytes).toString("hex");
    const releases = Array.from({ length: 10_000 }, () => ({
      components: [
        {
          component: "main",
          digest: `sha256:${hex(32)}`,
          resolvedBy: "digest",
          tags: [hex(4)],
          commit: hex(20),
        },
      ],
      owner: null,
    }));
    const numbers = releases.map(() => Date.now() - Math.floor(Math.random() * 1e10));
    const columns = { at: numbers, since: numbers, until: numbers, by: numbers.map((n) => n % 100) };
    expect(gzipSync(JSON.stringify({ releases, ...columns })).length).toBeLessThan(3_000_000);
  });
});
