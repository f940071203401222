/** What programs and people write alike: durations, ids of commits, pages, and orders. */
import { describe, expect, it } from "vitest";
import { allPages, answerPages } from "../schemas/words/answer-pages.ts";
import { millisecondsOf } from "../schemas/words/durations.ts";
import { isSameCommit } from "../schemas/words/ids.ts";
import { by, byKey } from "../schemas/words/ordering.ts";

describe("a duration", () => {
  it("is a whole number with one of the units that count", () => {
    expect(["90s", "30m", "2h", "3d", "1w"].map((text) => millisecondsOf(text, "smhdw"))).toEqual([
      90_000, 1_800_000, 7_200_000, 259_200_000, 604_800_000,
    ]);
    expect(["1w", "2", "h", "-2h", "1.5h", "2 h"].map((text) => millisecondsOf(text, "smhd"))).toEqual(
      Array(6).fill(undefined),
    );
  });
});

describe("a commit", () => {
  it("is the same by an abbreviated id, whichever of the two is abbreviated", () => {
    expect(isSameCommit("4be1f0a7d2", "4be1f0a")).toBe(true);
    expect(isSameCommit("4be1f0a", "4be1f0a7d2")).toBe(true);
    expect(isSameCommit("4be1f0a", "4be1f0b7d2")).toBe(false);
  });
});

describe("pages", () => {
  const PAGES = [
    { entries: [1], next: "b" },
    { entries: [], next: "c" },
    { entries: [2], next: null },
  ];
  const asking = () => {
    const asked: (string | undefined)[] = [];
    const ask = async ({ cursor }: { cursor?: string }) => {
      asked.push(cursor);
      const page = PAGES[asked.length - 1];
      if (page === undefined) throw new Error("asked for a page after the last one");
      return page;
    };
    return { asked, ask };
  };

  it("are read to the last one, each with the cursor of the page before it", async () => {
    const { asked, ask } = asking();
    expect(await allPages(ask)).toEqual(PAGES);
    expect(asked).toEqual([undefined, "b", "c"]);
  });

  it("are not read further than the caller wants", async () => {
    const { asked, ask } = asking();
    for await (const { entries } of answerPages(ask)) if (entries.length > 0) break;
    expect(asked).toEqual([undefined]);
    const few = asking();
    expect(await allPages(few.ask, 2)).toEqual(PAGES.slice(0, 2));
    expect(few.asked).toEqual([undefined, "b"]);
  });
});

describe("an order by a text", () => {
  it("leaves equal ones in their places", () => {
    const items = [
      { name: "b", n: 1 },
      { name: "a", n: 2 },
      { name: "b", n: 3 },
    ];
    expect(items.toSorted(by(({ name }) => name)).map(({ n }) => n)).toEqual([2, 1, 3]);
    expect(
      [
        ...new Map([
          ["b", 1],
          ["a", 2],
        ]),
      ].sort(byKey),
    ).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });
});
