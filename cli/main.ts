/** The command line: `asof <command>`. Commands define their options. */
import { VERSION } from "../schemas/version.ts";
import { commandsFor } from "./commands.ts";
import type { Io } from "./io.ts";
import { programOf, run } from "./run.ts";

/** Runs one command line, given without the program's name. Throws internal errors only. */
export const main = (args: readonly string[], given: Io): Promise<void> =>
  run(args, given, async (io) =>
    programOf(await commandsFor(args, io))
      .version(VERSION, "--version", "print the version")
      // Behind a command, --version is that command's own option.
      .enablePositionalOptions(),
  );
