/**
 * Facts as a Parquet file, with the columns of the table and their types. It is written here and not by the ledger: its
 * index comes last, so a reader gains nothing from a stream, and the ledger's functions stay without the library.
 */
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { fileWriter, parquetWriteRows } from "hyparquet-writer";
import * as z from "zod";
import { COLUMNS, type Column, cellsOf, FACT_COLUMN } from "../../functions/ledger/export/export-table.ts";
import type { Fact } from "../../schemas/fact.ts";
import { onDisk } from "../file/disk.ts";

/** A fact, and where it stands in the sealed log. */
export interface Exported {
  readonly fact: Fact;
  /** The fact as it was exported. */
  readonly line: string;
  readonly index: number | undefined;
}

const TYPES = { text: "STRING", time: "TIMESTAMP", number: "INT64" } as const;

const typed = ({ holds }: Column, cell: string): string | Date | bigint | null => {
  if (cell === "") return null;
  return holds === "time" ? new Date(cell) : holds === "number" ? BigInt(cell) : cell;
};

/** Rows that are in memory at once, while their columns are written. */
const ROWS_OF_GROUP = 10_000;

async function* rowsOf(exported: AsyncIterable<Exported>) {
  for await (const { fact, line, index } of exported) {
    const cells = cellsOf(fact, index);
    yield {
      ...Object.fromEntries(COLUMNS.map((column, n) => [column.name, typed(column, cells[n] ?? "")])),
      [FACT_COLUMN]: line,
    };
  }
}

/** Writes a file, over an earlier one of its name. Throws a CliError where the file system refuses. */
export async function writeParquet(file: string, exported: AsyncIterable<Exported>): Promise<void> {
  const writer = onDisk(file, () => fileWriter(file));
  await parquetWriteRows({
    writer,
    rows: rowsOf(exported),
    columns: [
      ...COLUMNS.map(({ name, holds }) => ({ name, type: TYPES[holds] })),
      { name: FACT_COLUMN, type: "STRING" },
    ],
    rowGroupSize: ROWS_OF_GROUP,
    createdBy: "asof",
  });
}

const Row = z.object({ "log index": z.string(), [FACT_COLUMN]: z.string() });

/** The facts of a table as the ledger exports it. */
export async function* exportedIn(table: AsyncIterable<Uint8Array>): AsyncGenerator<Exported> {
  const rows = Readable.from(table).pipe(parse({ columns: true }));
  for await (const row of rows) {
    const { "log index": index, fact: line } = Row.parse(row);
    yield { fact: JSON.parse(line), line, index: index === "" ? undefined : Number(index) };
  }
}
