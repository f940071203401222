import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { RecordContext } from "./options.ts";
import type { NewStatement } from "./submit.ts";

/** One kind of `asof record`: its options beside those that all have, and what they make it say. */
export interface Subcommand {
  readonly name: string;
  readonly summary: string;
  /** Examples, and what is worth knowing. */
  readonly help: string;
  readonly options: (command: Command) => Command;
  /** Throws a CliError or a RegistryError where something is missing that cannot be found. */
  readonly speak: (
    options: unknown,
    context: RecordContext,
    io: Io,
  ) => NewStatement[] | Promise<NewStatement[]>;
}
