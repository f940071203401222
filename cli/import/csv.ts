/** `asof import csv`: a table, with a mapping of its columns. */
import { readFileSync } from "node:fs";
import { Option } from "commander";
import { CsvError, parse } from "csv-parse/sync";
import * as z from "zod";
import { CliError } from "../error.ts";
import { type Mapping, mappingIn } from "./csv/mapping.ts";
import { columnsOf, itemsOf } from "./csv/rows.ts";
import { TEMPLATES } from "./csv/templates.ts";
import type { Importer } from "./importer.ts";

const Options = z.looseObject({
  args: z.array(z.string()),
  mapping: z.string().optional(),
  template: z.union([z.string(), z.literal(true)]).optional(),
});

const STANDARD_INPUT = 0;

/** A file's text: UTF-8 or, as Excel's "Unicode text", UTF-16. Throws a CliError. */
function textOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === "-" ? STANDARD_INPUT : file);
  } catch {
    throw new CliError(`${file}: cannot be read`);
  }
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(`${file}: is not UTF-8: save it as "CSV UTF-8"`);
  }
}

/** The separator that the first line has most of. */
function delimiterOf(text: string): string {
  const [first = ""] = text.split(/\r?\n/);
  const counted = [",", ";", "\t", "|"].map((one) => ({ one, n: first.split(one).length }));
  return counted.reduce((a, b) => (b.n > a.n ? b : a)).one;
}

const Record = z.object({
  record: z.record(z.string(), z.string()),
  info: z.looseObject({ lines: z.number() }),
});

function rowsOf(file: string, mapping: Mapping) {
  const text = textOf(file);
  try {
    const parsed: unknown = parse(text, {
      columns: true,
      bom: true,
      info: true,
      skipEmptyLines: true,
      trim: true,
      delimiter: mapping.delimiter ?? delimiterOf(text),
    });
    return z.array(Record).parse(parsed);
  } catch (error) {
    throw error instanceof CsvError ? new CliError(`${file}: ${error.message}`) : error;
  }
}

function checkColumns(file: string, wanted: readonly string[], row: object | undefined): void {
  const found = Object.keys(row ?? {});
  for (const column of row === undefined ? [] : wanted) {
    if (found.includes(column)) continue;
    throw new CliError(`${file}: has no column ${JSON.stringify(column)}; it has ${found.join(", ")}`);
  }
}

/** The template's text. Throws a CliError for an unknown one. */
function templateOf(given: string | true): string {
  const name = given === true ? "spreadsheet" : given;
  const template = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined;
  if (template === undefined)
    throw new CliError(`--template ${name}: must be one of ${Object.keys(TEMPLATES).join(", ")}`);
  return template;
}

export const csv: Importer = {
  name: "csv",
  summary: "a table of deployments, pushes or anything else",
  help: `
Examples:
  asof import csv --template octopus > mapping.yaml      # then edit it; without a name: a spreadsheet
  asof import csv history.csv --mapping mapping.yaml --dry-run
  asof import csv history.csv --mapping mapping.yaml

A row is one statement. Dates that may be two days, and local times without a zone, are refused: the mapping says how times
are written, and in which zone. - reads standard input.`,
  options: (command) =>
    command
      .argument("[file]", "the table, in UTF-8; - reads standard input")
      .option("--mapping <file>", "which column is which field")
      .addOption(
        new Option(
          "--template [name]",
          `print a mapping to start from: ${Object.keys(TEMPLATES).join(", ")}`,
        ),
      ),
  print: (given) => {
    const { template } = Options.parse(given);
    return template === undefined ? undefined : templateOf(template);
  },
  async *items(given) {
    const { args, mapping: file } = Options.parse(given);
    const [table] = args;
    if (table === undefined || file === undefined)
      throw new CliError("give a file and its --mapping; --template prints one to start from");
    const mapping = mappingIn(file);
    const rows = rowsOf(table, mapping);
    checkColumns(table, columnsOf(mapping), rows[0]?.record);
    for (const { record, info } of rows) yield* itemsOf(record, mapping, `line ${info.lines}`);
  },
};
