/** Finds the one table with a database's migration history, or reports the candidates. */
import { CliError } from "../error.ts";
import type { Connection } from "./connection.ts";
import type { Engine, Table } from "./driver.ts";
import type { ColumnType, Tool } from "./tool.ts";
import { TOOLS } from "./tools.ts";

export interface Found {
  readonly tool: Tool;
  readonly table: Table;
}

/** The options that select a tool or table. */
export interface Selection {
  readonly tool?: string | undefined;
  /** `table` or `schema.table`. */
  readonly table?: string | undefined;
}

export const nameOf = ({ schema, name }: Table): string =>
  schema === undefined ? name : `${schema}.${name}`;

/** Throws a CliError that lists the candidates unless there is exactly one. */
export async function detectHistory({ engine, tables }: Connection, chosen: Selection): Promise<Found> {
  const tools = TOOLS.filter((tool) => isFor(engine, tool) && isConsidered(tool, chosen));
  const names = [chosen.table, ...tools.map(({ table }) => table)];
  const all = await tables((name) => names.some((one) => one !== undefined && same(name, one)));
  const candidates = all.filter((table) => isNamed(table, chosen.table));
  const alike = candidates.flatMap((table) =>
    tools.filter((tool) => hasColumnsOf(table, tool, chosen)).map((tool) => ({ tool, table })),
  );
  const found = alike.filter((one) => isMeant(one, all, chosen));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new CliError(found.length === 0 ? missing(tools, alike, chosen) : ambiguous(found));
}

const isNamed = (table: Table, wanted: string | undefined): boolean =>
  wanted === undefined || [table.name, nameOf(table)].some((name) => same(name, wanted));

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const isFor = (engine: Engine, { isInMongodb }: Tool): boolean =>
  (isInMongodb === true) === (engine === "MongoDB");

const isConsidered = ({ tool, onlyChosen }: Tool, chosen: Selection): boolean =>
  chosen.tool === undefined ? onlyChosen !== true : tool === chosen.tool;

const COLUMN_TYPES: Readonly<Record<ColumnType, RegExp>> = {
  number: /int|serial|num|dec/,
  text: /char|text|clob|string/,
  time: /time|date/,
};

function hasColumnsOf({ name, columns }: Table, tool: Tool, chosen: Selection): boolean {
  // A collection without documents has no fields: its name identifies it, or the two options together.
  if (tool.isInMongodb === true && columns.size === 0)
    return same(name, tool.table) || (chosen.tool !== undefined && chosen.table !== undefined);
  const known = new Set([...tool.columns, ...(tool.optionalColumns ?? [])]);
  return (
    tool.columns.every((column) => columns.has(column)) &&
    [...columns.keys()].every((column) => known.has(column)) &&
    Object.entries(tool.columnTypes ?? {}).every(([column, sort]) =>
      COLUMN_TYPES[sort].test(columns.get(column)?.type ?? ""),
    )
  );
}

/** Whether columns and name identify it, or an option selects it. */
function isMeant({ tool, table }: Found, all: readonly Table[], chosen: Selection): boolean {
  const { needsUsualName, sibling } = tool;
  const byHand = chosen.tool !== undefined || chosen.table !== undefined;
  if (needsUsualName && !byHand && !same(table.name, tool.table)) return false;
  if (sibling === undefined || chosen.tool !== undefined) return true;
  const exists = all.some(({ schema, name }) => schema === table.schema && same(name, sibling.table));
  return exists === sibling.exists;
}

const listed = (found: readonly Found[]): string =>
  found.map(({ tool, table }) => `  ${nameOf(table)} (${tool.tool})`).join("\n");

const ambiguous = (found: readonly Found[]): string =>
  `several tables hold a migration history; choose one with --tool or --table:\n${listed(found)}`;

function missing(tools: readonly Tool[], alike: readonly Found[], { table }: Selection): string {
  const where = table === undefined ? "no table" : `the table ${table} does not exist, or none`;
  const looked = tools.map((it) => `${it.tool} (${it.table}: ${it.columns.join(", ")})`).join("\n  ");
  const hint =
    alike.length === 0
      ? ""
      : `\nthese have the columns of one, but not its name; if one of them is it, give --table:\n${listed(alike)}`;
  return `${where} that this login may read has the columns of a migration tool's history; looked for:\n  ${looked}${hint}`;
}
