import { describe, expect, it } from "vitest";
import { type Stretch, timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Statement } from "../../schemas/fact.ts";
import { memoryStore } from "../store/memory.ts";
import { day, deployed, observed, recordFacts, said } from "./given.ts";

const KNOWN = { knownAt: "2027-01-01T00:00:00.000Z", now: new Date("2027-01-02T00:00:00Z"), settleMs: 1000 };
const OCTOBER: Stretch = { environment: "production", from: day(1, "00:00"), to: day(31, "23:59") };

const set = (at: string, database: string, versions: readonly object[]) =>
  said("migration.snapshot", at, {
    environment: "production",
    database,
    service: "web",
    mode: "set",
    versions,
  });

/** Deployments, observations and sets of migrations, one of each at a time. */
const rounds = (year: number, month: string, n: number): Statement[] =>
  Array.from({ length: n }, (_, round) => {
    const at = (minute: number) =>
      new Date(Date.parse(`${year}-${month}-01T00:00:00Z`) + (round * 10 + minute) * 60_000).toISOString();
    return [
      deployed("production", "web", String(round % 3), at(0)),
      observed("production", "web", String(round % 2), at(1)),
      set(at(2), "db", [{ version: "1" }, { version: "2" }].slice(0, 1 + (round % 2))),
      set(at(4), "dated", [{ version: "1" }, { version: "2", appliedAt: at(3) }].slice(0, 1 + (round % 2))),
    ];
  }).flat();

async function requests(before: number, after: number): Promise<number> {
  const told = [...rounds(2026, "09", before), ...rounds(2026, "10", 5), ...rounds(2026, "11", after)];
  let count = 0;
  const store = memoryStore({
    fault() {
      count++;
      return "none";
    },
  });
  await recordFacts(store, told);
  count = 0;
  const answer = await timeline({ store, ...KNOWN }, OCTOBER);
  expect(answer?.entries.length).toBeGreaterThan(10);
  return count;
}

describe("a timeline", () => {
  it("costs the same whatever happened before and after", async () => {
    const once = await requests(10, 10);
    expect(await requests(100, 10)).toBe(once);
    expect(await requests(10, 100)).toBe(once);
  });

  it("reads no more for a page than it may, and goes on where it stopped", async () => {
    const others = Array.from({ length: 5100 }, (_, n) =>
      deployed("production", "busy", "1", new Date(Date.parse(day(2)) + n).toISOString()),
    );
    const store = await recordFacts(memoryStore(), [...others, deployed("production", "web", "1", day(3))]);
    const asked = { ...OCTOBER, service: "web" };
    const first = await timeline({ store, ...KNOWN }, asked);
    expect(first).toMatchObject({ entries: [], next: expect.any(String) });
    const second = await timeline({ store, ...KNOWN }, asked, { cursor: first?.next ?? undefined });
    expect(second).toMatchObject({ entries: [{ what: "deployed", at: day(3) }], next: null });
  });
});
