/** Pages of names that are put together in memory are those that a store would give. */
import { describe, expect, it } from "vitest";
import { pageOfNames } from "../../functions/ledger/names/name-pages.ts";

const named = (...names: readonly string[]) =>
  names.map((name) => ({ name, shown: name, recordedAt: "2026-10-01T10:00:00.000Z" }));
const page = (range: object) =>
  pageOfNames(named("\u{1f600}", "b", "\uff5e", "a"), { limit: 10, ...range }).entries.map(
    ({ name }) => name,
  );

describe("a page of names", () => {
  it("is in the order of bytes in UTF-8, which is not that of JavaScript's texts", () => {
    expect(page({})).toEqual(["a", "b", "\uff5e", "\u{1f600}"]);
    expect(page({ descending: true })).toEqual(["\u{1f600}", "\uff5e", "b", "a"]);
  });

  it("has its bounds in the same order", () => {
    expect(page({ from: "\uff5e" })).toEqual(["\uff5e", "\u{1f600}"]);
    expect(page({ to: "\uff5e" })).toEqual(["a", "b", "\uff5e"]);
  });
});
