/** What every importer is: options, and a stream of statements about the past and of what could not be known. */
import type { Command } from "commander";
import type { Statement } from "../../schemas/fact.ts";
import type { Io } from "../io.ts";

/** One statement as the ledger will parse it, or something that could not be known, counted by its reason. */
export type Item =
  | { readonly is: "statement"; readonly statement: object }
  | { readonly is: "unknown"; readonly why: string; readonly where?: string };

export const told = (statement: Statement): Item => ({ is: "statement", statement });
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
  /**
   * What the past holds, oldest first where the origin has an order. A second run gives the same statements under the same
   * ids. Throws a CliError where the options are wrong or the origin cannot be read.
   */
  readonly items: (options: ImportOptions, io: Io) => AsyncGenerator<Item>;
}

/** Parsed by each importer's own schema. */
export type ImportOptions = Readonly<Record<string, unknown>>;
