import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { RecordContext } from "./options.ts";
import type { NewStatement } from "./submit.ts";

/** A subcommand of `asof record`: its own options, and the statements that it makes of them. */
export interface Subcommand {
  readonly name: string;
  readonly summary: string;
  /** Shown after the options: examples and notes. */
  readonly help: string;
  readonly options: (command: Command) => Command;
  /** Throws a CliError where a required value is neither given nor found. */
  readonly statements: (
    options: unknown,
    context: RecordContext,
    io: Io,
  ) => NewStatement[] | Promise<NewStatement[]>;
}
