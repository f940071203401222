/** The export as a table for spreadsheets: a row for each fact. */
import { stringify } from "csv-stringify/sync";
import type { Fact } from "../../../schemas/fact.ts";

/** The fields of a fact by name: each kind has others. */
type Fields = ReadonlyMap<string, unknown>;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const objectsOf = (value: unknown): Fields[] =>
  [value]
    .flat()
    .flatMap((one) => (typeof one === "object" && one !== null ? [new Map(Object.entries(one))] : []));

/** Several values in one cell, each once. */
const joined = (values: readonly unknown[]): string =>
  [...new Set(values.map(textOf))].filter((one) => one !== "").join(", ");

const componentsOf = (fact: Fields): Fields[] => objectsOf(fact.get("components"));
/** What stands in a fact itself, and in each of its components. */
const own = (fact: Fields, field: string): string =>
  joined([fact.get(field), ...componentsOf(fact).map((one) => one.get(field))]);

const imageOf = (of: Fields): string => {
  const [repository = "", digest, tag] = ["repository", "digest", "tag"].map((field) =>
    textOf(of.get(field)),
  );
  // The repository of a merged change is an address of source code.
  if (repository === "" || /^https?:/.test(repository)) return "";
  return `${repository}${digest ? `@${digest}` : tag ? `:${tag}` : ""}`;
};

const commitOf = (fact: Fields): string => {
  const commit = fact.get("commit");
  return joined([commit, ...objectsOf(commit).map((one) => one.get("sha")), fact.get("mergeCommit")]);
};

const isMigration = (fact: Fields): boolean => textOf(fact.get("kind")).startsWith("migration.");
const APPROVES = /^(approval|review)s?$/i;

/** What the cells of a column hold, for formats with types. Versions are text: `1.10` is no number. */
type Holds = "text" | "time" | "number";

export interface Column {
  readonly name: string;
  readonly holds: Holds;
  /** Empty where the fact has no such thing. @param index where the fact stands in the sealed log, if it is sealed */
  readonly cell: (fact: Fields, index: number | undefined) => string;
}

const text = (name: string, cell: Column["cell"]): Column => ({ name, holds: "text", cell });
/** A column of a fact's own field, under its name. */
const field = (name: string, holds: Holds = "text"): Column => ({
  name,
  holds,
  cell: (fact) => textOf(fact.get(name)),
});

/** The columns that a spreadsheet wants first, then those for machines. A fact lacks most of them. */
export const COLUMNS: readonly Column[] = [
  { ...field("occurredAt", "time"), name: "time" },
  text("environment", (fact) => joined([fact.get("environment"), ...[fact.get("environments")].flat()])),
  field("service"),
  text("component", (fact) =>
    joined([fact.get("component"), ...componentsOf(fact).map((one) => one.get("component"))]),
  ),
  text("image", (fact) => joined([imageOf(fact), ...componentsOf(fact).map(imageOf)])),
  text("digest", (fact) => own(fact, "digest")),
  text("tag", (fact) => own(fact, "tag")),
  text("commit", commitOf),
  text("config revision", (fact) => joined(objectsOf(fact.get("config")).map((one) => one.get("revision")))),
  text("migration version", (fact) =>
    isMigration(fact)
      ? joined([fact.get("version"), ...objectsOf(fact.get("versions")).map((one) => one.get("version"))])
      : "",
  ),
  text("verdict", (fact) => textOf(fact.get("verdict") ?? fact.get("outcome"))),
  text("who", (fact) => joined([fact.get("actor") ?? fact.get("by") ?? fact.get("mergedBy")])),
  text("approver", (fact) => (APPROVES.test(textOf(fact.get("type"))) ? textOf(fact.get("by")) : "")),
  field("url"),
  field("id"),
  { name: "log index", holds: "number", cell: (_, index) => (index === undefined ? "" : String(index)) },
  field("kind"),
  field("source"),
  field("recordedAt", "time"),
  field("occurredAt", "time"),
  ...["reportedBy", "actor", "repository", "database", "version", "statementHash"].map((name) => field(name)),
];

/** The last column of every table: the fact itself, as JSON. */
export const FACT_COLUMN = "fact";

/** The cells of a fact, in the order of the columns, as they are. */
export const cellsOf = (fact: Fact, index: number | undefined): string[] => {
  const fields = new Map<string, unknown>(Object.entries(fact));
  return COLUMNS.map(({ cell }) => cell(fields, index));
};

/** What a spreadsheet would read as a number or a date, and so change: `20260101093000`, `1.10`, `1e5`, `01-02`. */
const NUMBER_LIKE = /^\d[\d.,eE+:-]*$/;

export interface Table {
  readonly head: string;
  /** @param index where the fact stands in the sealed log, if it is sealed */
  readonly row: (fact: Fact, index: number | undefined) => string;
}

/** A spreadsheet would run a cell that starts like a formula. */
const harmless = (cell: string): string =>
  /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(cell) ? `'${cell}` : cell;

/** As a formula whose value is the text, and which holds nothing but what looks like a number. */
const asText = (cell: string): string => (NUMBER_LIKE.test(cell) ? `="${cell}"` : harmless(cell));

/** @param isForExcel with `;` and a byte order mark, and with numbers as text */
export function exportTable(isForExcel: boolean): Table {
  const [delimiter, mark, shown] = isForExcel
    ? ([";", "\ufeff", asText] as const)
    : ([",", "", harmless] as const);
  const line = (cells: readonly string[]): string => stringify([cells], { delimiter });
  return {
    head: mark + line([...COLUMNS.map(({ name }) => name), FACT_COLUMN]),
    row: (fact, index) => line([...cellsOf(fact, index).map(shown), JSON.stringify(fact)]),
  };
}
