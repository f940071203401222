/** Loads the parts of a subcommand only when the command line names it, because some need large clients. */
import type { Command } from "commander";
import { withLedgerOptions } from "./ledger/ledger.ts";

export interface Entry<T> {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<T>;
}

/** What every part that reports facts in bulk is: its own options, and notes shown after them. */
export interface Reporting {
  readonly help: string;
  readonly options: (command: Command) => Command;
}

/** Adds all subcommands, and completes the one that the arguments name, so that no other is loaded. */
export async function addSubcommands<T extends Reporting>(
  command: Command,
  entries: readonly Entry<T>[],
  args: readonly string[],
  complete: (subcommand: Command, part: T) => Command,
): Promise<void> {
  for (const { name, summary, load } of entries) {
    const subcommand = command.command(name).summary(summary).description(summary);
    if (!args.includes(name)) continue;
    const part = await load();
    complete(withLedgerOptions(part.options(subcommand)), part)
      .option("--dry-run", "show what would be recorded, and send nothing")
      .option("--json", "with --dry-run: print the statements, one a line")
      .addHelpText("after", part.help);
  }
}
