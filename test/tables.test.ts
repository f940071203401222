import { expect, it } from "vitest";
import { TABLES, textOf, withTable } from "./tables.ts";

it.each(TABLES)(
  "the table $name of $page is the one that the code makes; `npm run tables` writes it",
  (table) => {
    const text = textOf(table.page);
    expect(text).toBe(withTable(text, table));
  },
);
