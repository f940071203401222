/** Tables of the documentation that are made of the code: `npm run tables` writes them, and a test compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolsTable } from "../cli/migrations/tools.ts";
import type { Coverage } from "../functions/sources/source.ts";
import { allSources } from "../functions/sources/sources.ts";

const COLUMNS = [
  "name",
  "push",
  "delete",
  "deploy",
  "commit",
  "digest",
  "time",
  "identity",
  "authentication",
  "tried",
] as const satisfies (keyof Coverage)[];

const sources = await allSources();

function coverageTable(): string {
  const rows = sources.flatMap(({ covers }) => covers).sort((a, b) => a.name.localeCompare(b.name, "en"));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["sender", ...COLUMNS.slice(1)]),
    line(COLUMNS.map(() => "---")),
    ...rows.map((row) => line(COLUMNS.map((column) => row[column] ?? "–"))),
  ].join("\n");
}

/** The page that holds each table. */
export const TABLES = [
  { name: "coverage", page: "docs/sources.md", table: coverageTable },
  { name: "migrations", page: "docs/record.md", table: toolsTable },
] as const;
type Table = (typeof TABLES)[number];

const pathOf = (page: string): string => join(import.meta.dirname, "..", page);

export const textOf = (page: string): string => readFileSync(pathOf(page), "utf8");

/** A page with its table as the code has it. Throws where it has no place for one. */
export function withTable(text: string, { name, page, table }: Table): string {
  const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(text)) throw new Error(`${page} has no place for the table ${name}`);
  return text.replace(place, (_, start, end) => `${start}${table()}\n${end}`);
}

if (process.argv[1] === import.meta.filename) {
  for (const one of TABLES) writeFileSync(pathOf(one.page), withTable(textOf(one.page), one));
}
