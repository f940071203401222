/** The interface of importers: options, and a stream of statements about the past and of what could not be found. */
import type { Command } from "commander";
import type { Io } from "../io.ts";

/**
 * One statement as the ledger will parse it; something that is no statement, because it cannot be read or nobody wants it;
 * or something that could not be known. The latter are counted by their reason.
 */
export type Item =
  | { readonly is: "statement"; readonly statement: object }
  | {
      readonly is: "not sent";
      readonly outcome: "rejected" | "ignored";
      readonly why: string;
      readonly where: string;
    }
  | { readonly is: "unknown"; readonly why: string; readonly where?: string };

export const unknown = (why: string, where?: string): Item => ({
  is: "unknown",
  why,
  ...(where === undefined ? {} : { where }),
});

export interface Importer {
  readonly name: string;
  readonly summary: string;
  /** Shown after the options: examples and notes. */
  readonly help: string;
  readonly options: (command: Command) => Command;
  /** What to print instead of importing: a template of a file that it needs. */
  readonly print?: (options: ImportOptions) => string | undefined;
  /**
   * What the past holds, oldest first where the origin has an order. A second run gives the same statements under the same
   * ids. Throws a CliError where the options are wrong or the origin cannot be read.
   */
  readonly items: (options: ImportOptions, io: Io) => AsyncGenerator<Item>;
}

/** Parsed by each importer's own schema. */
export type ImportOptions = Readonly<Record<string, unknown>>;
