/** Tables of README that are made of the code: `npm run tables` writes them, and a test compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolsTable } from "../cli/migrations/tools.ts";
import type { Coverage } from "../functions/sources/source.ts";
import { allSources } from "../functions/sources/sources.ts";
import { CDEVENTS_COVERS } from "../functions/sources/standards/cdevents.ts";

const README = join(import.meta.dirname, "../README.md");

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
  const rows = [...sources.flatMap(({ covers }) => covers), CDEVENTS_COVERS].sort((a, b) =>
    a.name.localeCompare(b.name, "en"),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["sender", ...COLUMNS.slice(1)]),
    line(COLUMNS.map(() => "---")),
    ...rows.map((row) => line(COLUMNS.map((column) => row[column] ?? "–"))),
  ].join("\n");
}

const TABLES: Record<string, () => string> = { coverage: coverageTable, migrations: toolsTable };

/** README with every table as the code has it. Throws where it has no place for one. */
export function withTables(readme: string): string {
  return Object.entries(TABLES).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`README has no place for the table ${name}`);
    return text.replace(place, (_, start, end) => `${start}${table()}\n${end}`);
  }, readme);
}

export const readme = (): string => readFileSync(README, "utf8");

if (process.argv[1] === import.meta.filename) writeFileSync(README, withTables(readme()));
