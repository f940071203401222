import { expect, it } from "vitest";
import { readme, withTables } from "./tables.ts";

it("README's tables are those that the code makes; `npm run tables` writes them", () => {
  expect(readme()).toBe(withTables(readme()));
});
