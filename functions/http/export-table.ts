/** The export as a table for spreadsheets: a row for each fact. */
import { stringify } from "csv-stringify/sync";
import type { Fact } from "../../schemas/fact.ts";

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

/** The columns that a spreadsheet wants first, then those for machines. A fact lacks most of them. */
const COLUMNS: readonly (readonly [name: string, cell: (fact: Fields) => string])[] = [
  ["time", (fact) => textOf(fact.get("occurredAt"))],
  ["environment", (fact) => joined([fact.get("environment"), ...[fact.get("environments")].flat()])],
  ["service", (fact) => textOf(fact.get("service"))],
  [
    "component",
    (fact) => joined([fact.get("component"), ...componentsOf(fact).map((one) => one.get("component"))]),
  ],
  ["image", (fact) => joined([imageOf(fact), ...componentsOf(fact).map(imageOf)])],
  ["digest", (fact) => own(fact, "digest")],
  ["tag", (fact) => own(fact, "tag")],
  ["commit", commitOf],
  ["config revision", (fact) => joined(objectsOf(fact.get("config")).map((one) => one.get("revision")))],
  [
    "migration version",
    (fact) =>
      isMigration(fact)
        ? joined([fact.get("version"), ...objectsOf(fact.get("versions")).map((one) => one.get("version"))])
        : "",
  ],
  ["verdict", (fact) => textOf(fact.get("verdict") ?? fact.get("outcome"))],
  ["who", (fact) => joined([fact.get("actor") ?? fact.get("by") ?? fact.get("mergedBy")])],
  ["approver", (fact) => (APPROVES.test(textOf(fact.get("type"))) ? textOf(fact.get("by")) : "")],
  ["url", (fact) => textOf(fact.get("url"))],
  ["id", (fact) => textOf(fact.get("id"))],
  // Where the fact stands in the sealed log.
  ["log index", () => ""],
  ...[
    "kind",
    "source",
    "recordedAt",
    "occurredAt",
    "reportedBy",
    "actor",
    "repository",
    "database",
    "version",
    "statementHash",
  ].map((field) => [field, (fact: Fields) => textOf(fact.get(field))] as const),
];

/** What a spreadsheet would read as a number or a date, and so change: `20260101093000`, `1.10`, `1e5`, `01-02`. */
const NUMBER_LIKE = /^\d[\d.,eE+:-]*$/;

export interface Table {
  readonly head: string;
  readonly row: (fact: Fact) => string;
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
    head: mark + line([...COLUMNS.map(([name]) => name), "fact"]),
    row: (fact) => {
      const fields = new Map<string, unknown>(Object.entries(fact));
      return line([...COLUMNS.map(([, cell]) => shown(cell(fields))), JSON.stringify(fact)]);
    },
  };
}
