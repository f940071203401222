import { describe, expect, it } from "vitest";
import { columnsOf, foldOf, OTHERS, type Place, shortPlace, type Wish } from "../../web/folds.ts";
import type { Row } from "../../web/lanes.ts";

const NOBODY: Wish = { chosen: [], open: [], fold: [] };

const place = (environment: string, group?: string): Place =>
  group === undefined ? { environment } : { environment, groups: [group] };

/** Columns in one line each: `group(a, b)` is folded, `group:a` is of an open group. */
const shown = (places: readonly Place[], wish: Partial<Wish> = {}, most = 6) =>
  columnsOf(places, { ...NOBODY, ...wish }, most).columns.map(({ group, isFolded, environments }) => {
    if (isFolded) return `${group}(${environments.join(", ")})`;
    return group === undefined ? environments[0] : `${group}:${environments[0]}`;
  });

const FIRM = [
  place("dev"),
  place("staging", "staging"),
  place("staging.us", "staging"),
  place("production", "production"),
  place("production.us", "production"),
  ...[1, 2, 3].map((n) => place(`review/${n}`, "review")),
];

describe("columns", () => {
  it("are all places, production first, while there are as many as have room", () => {
    expect(shown([place("dev"), place("staging"), place("production")])).toEqual([
      "production",
      "staging",
      "dev",
    ]);
    expect(shown(FIRM, {}, 8)).toHaveLength(8);
  });

  it("fold groups where there are more places, and open those that still have room, from the first on", () => {
    expect(shown(FIRM)).toEqual([
      "production:production",
      "production:production.us",
      "staging:staging",
      "staging:staging.us",
      "dev",
      "review(review/1, review/2, review/3)",
    ]);
    expect(shown(FIRM, {}, 4)).toEqual([
      "production(production, production.us)",
      "staging(staging, staging.us)",
      "dev",
      "review(review/1, review/2, review/3)",
    ]);
  });

  it("open and fold the groups that the reader wishes, and leave the others as they are", () => {
    expect(shown(FIRM, { open: ["review"], fold: ["production"] })).toEqual([
      "production(production, production.us)",
      "staging:staging",
      "staging:staging.us",
      "dev",
      "review:review/1",
      "review:review/2",
      "review:review/3",
    ]);
  });

  it("fold the last of the places without a group together", () => {
    const many = ["production", "staging", ..."abcdefg"].map((one) => place(one));
    expect(shown(many)).toEqual(["production", "staging", "a", "b", "c", `${OTHERS}(d, e, f, g)`]);
    expect(shown(many, { open: [OTHERS] })).toEqual([
      ...["production", "staging", "a", "b", "c"],
      ...["d", "e", "f", "g"].map((one) => `${OTHERS}:${one}`),
    ]);
  });

  it("are those that the reader chose, as far as they exist", () => {
    const two = [place("a"), place("b")];
    expect(columnsOf(two, { ...NOBODY, chosen: ["b", "gone"] }, 6)).toMatchObject({
      shown: ["b"],
      others: ["a"],
    });
    expect(columnsOf(two, { ...NOBODY, chosen: ["gone"] }, 6).shown).toEqual(["a", "b"]);
  });
});

const row = (tag: string, more: Partial<Row> = {}): Row => ({
  at: 0,
  status: "running",
  since: 0,
  until: null,
  release: {
    owner: null,
    components: [
      { component: "main", digest: null, resolvedBy: "tag", repository: null, tags: [tag], commit: null },
    ],
  },
  by: null,
  rollback: false,
  drift: false,
  attempt: null,
  ...more,
});

describe("a folded cell", () => {
  const cellOf = (rows: Readonly<Record<string, Row | undefined>>) =>
    foldOf(
      Object.entries(rows).map(([environment, one]) => ({ environment, row: one })),
      (environment) => environment === "frozen",
    );

  it("says how many places agree", () => {
    const cell = cellOf({ a: row("1"), b: row("1"), c: undefined });
    expect([cell.count, cell.of, cell.differing, cell.mark]).toEqual([2, 3, [], undefined]);
  });

  it("names the places that differ from most of them", () => {
    const cell = cellOf({ a: row("2"), b: row("1"), c: row("1"), d: row("", { status: "removed" }) });
    expect(cell.row).toEqual(row("1"));
    expect(cell.differing.map(({ environment }) => environment)).toEqual(["a", "d"]);
  });

  it("takes the first place where as many run one as the other", () => {
    expect(cellOf({ a: row("2"), b: row("1") }).row).toEqual(row("2"));
  });

  it("shows the state of the place that most needs somebody, and which it is", () => {
    const cell = cellOf({
      a: row("1", { drift: true }),
      b: row("1", { attempt: "failed" }),
      frozen: row("1"),
    });
    expect(cell.mark).toMatchObject({ tone: "bad", environment: "b" });
    expect(cellOf({ a: row("1", { rollback: true }), frozen: row("1") }).mark).toMatchObject({ tone: "ice" });
  });

  it("names the places that differ from the one that all are compared with", () => {
    const rows = ["1", "2", "2"].map((tag, n) => ({ environment: `eu-${n}`, row: row(tag) }));
    const cell = foldOf(rows, () => false, { row: row("1") });
    expect([cell.row, cell.differing.map(({ environment }) => environment)]).toEqual([
      row("2"),
      ["eu-1", "eu-2"],
    ]);
  });

  it("knows nothing where no place knows the service", () => {
    expect(cellOf({ a: undefined, b: row("", { status: "unknown" }) })).toMatchObject({
      count: 0,
      row: undefined,
    });
  });

  it("leaves out the name of its group before that of a place", () => {
    const names = ["production.us-1", "production", "productive", "eu", "production-"];
    expect(names.map((one) => shortPlace(one, "production"))).toEqual([
      "us-1",
      "production",
      "productive",
      "eu",
      "production-",
    ]);
    expect(shortPlace("-x", OTHERS)).toBe("-x");
  });
});
