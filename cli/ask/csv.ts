/** An answer as CSV: a line for each entry of its list, with a column for each field. */
import { stringify } from "csv-stringify/sync";

/** The lists of answers, by the field that holds them. What else an answer holds is about the question. */
const LISTS = ["releases", "entries", "changes", "services", "places", "commits", "ran", "history"];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function rowsOf(answer: unknown): unknown[] {
  if (Array.isArray(answer)) return answer.flatMap(rowsOf);
  if (!isObject(answer)) return [answer];
  const list = LISTS.map((field) => answer[field]).find((value) => Array.isArray(value));
  return Array.isArray(list) ? list : [answer];
}

/** The fields of an object within an object stand beside the others, as `commit.sha`; a list is JSON. */
function flat(value: unknown, path = ""): [string, string][] {
  if (isObject(value))
    return Object.entries(value).flatMap(([key, one]) => flat(one, path === "" ? key : `${path}.${key}`));
  return [
    [
      path,
      value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value),
    ],
  ];
}

/** With a head line. What a spreadsheet would take for a formula is escaped. */
export function csvOf(answer: unknown): string {
  const rows = rowsOf(answer).map((row) => new Map(flat(row)));
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row.get(column) ?? ""))];
  return stringify(lines, { escape_formulas: true }).trimEnd();
}
