/** Which of a database's tables holds its migrations' history: exactly one, or an error that says what to choose from. */
import { CliError } from "../error.ts";
import type { Connection, Table } from "./connection.ts";
import { type ColumnType, TOOLS, type Tool } from "./tools.ts";

export interface Found {
  readonly tool: Tool;
  readonly table: Table;
}

/** What somebody chose by hand. */
export interface Selection {
  readonly tool?: string | undefined;
  /** `table` or `schema.table`. */
  readonly table?: string | undefined;
}

export const nameOf = ({ schema, name }: Table): string =>
  schema === undefined ? name : `${schema}.${name}`;

/** Finds the one history. Throws a CliError, which lists what may be meant. */
export async function detectHistory({ tables }: Connection, chosen: Selection): Promise<Found> {
  const all = await tables();
  const tools = TOOLS.filter(({ tool }) => chosen.tool === undefined || tool === chosen.tool);
  const candidates = all.filter((table) => isNamed(table, chosen.table));
  const alike = candidates.flatMap((table) =>
    tools.filter((tool) => hasColumnsOf(table, tool)).map((tool) => ({ tool, table })),
  );
  const found = alike.filter((one) => isMeant(one, all, chosen));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new CliError(found.length === 0 ? missing(tools, alike, chosen) : ambiguous(found));
}

const isNamed = (table: Table, wanted: string | undefined): boolean =>
  wanted === undefined || [table.name, nameOf(table)].some((name) => same(name, wanted));

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const COLUMN_TYPES: Readonly<Record<ColumnType, RegExp>> = {
  number: /int|serial|num|dec/,
  text: /char|text|clob|string/,
  time: /time|date/,
};

function hasColumnsOf({ columns }: Table, tool: Tool): boolean {
  const known = new Set([...tool.columns, ...(tool.sometimes ?? [])]);
  return (
    tool.columns.every((column) => columns.has(column)) &&
    [...columns.keys()].every((column) => known.has(column)) &&
    Object.entries(tool.sorts ?? {}).every(([column, sort]) =>
      COLUMN_TYPES[sort].test(columns.get(column)?.type ?? ""),
    )
  );
}

/** Whether columns and name prove it, or somebody said so. */
function isMeant({ tool, table }: Found, all: readonly Table[], chosen: Selection): boolean {
  const { named, beside } = tool;
  const byHand = chosen.tool !== undefined || chosen.table !== undefined;
  if (named && !byHand && !same(table.name, tool.table)) return false;
  if (beside === undefined || chosen.tool !== undefined) return true;
  const stands = all.some(({ schema, name }) => schema === table.schema && same(name, beside.table));
  return stands === beside.stands;
}

const listed = (found: readonly Found[]): string =>
  found.map(({ tool, table }) => `  ${nameOf(table)} (${tool.tool})`).join("\n");

const ambiguous = (found: readonly Found[]): string =>
  `several tables hold a history of migrations; choose one with --tool or --table:\n${listed(found)}`;

function missing(tools: readonly Tool[], alike: readonly Found[], { table }: Selection): string {
  const where = table === undefined ? "no table" : `the table ${table} is not there, or`;
  const looked = tools.map((it) => `${it.tool} (${it.table}: ${it.columns.join(", ")})`).join("\n  ");
  const hint =
    alike.length === 0
      ? ""
      : `\nthese have the columns of one, but not its name; if it is one, give --table:\n${listed(alike)}`;
  return `${where} that this login may read has the columns of a migration tool's history; looked for:\n  ${looked}${hint}`;
}
