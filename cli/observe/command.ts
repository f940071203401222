/** `asof observe`: reports what really runs, once, at intervals, or as it changes. */
import type { Command } from "commander";
import { EXIT_CODES, type Io } from "../io.ts";
import { addSubcommands, type Entry } from "../loaded-parts.ts";
import type { Observer } from "./observer.ts";
import { runObserver } from "./runner.ts";

const ABOUT = `
It looks once, at intervals (--every 60s), or until it is interrupted, as things change (--watch). A state that stays the same
costs one fact for each workload and step (five minutes, or $ASOF_OBSERVATION_MINUTES), however often it is looked at, and a
restarted observer records nothing twice. Sources stand below /observe/. The token comes from ASOF_TOKEN or --token-file, and
needs the role writer.

While the ledger cannot be reached, an observer that goes on says so at once and keeps what it saw in memory. The last line
says what could not be known.

Exit codes:
  0  everything is recorded, or was before
  1  something was refused, or cannot be read
${EXIT_CODES}`;

const observerCommand = (command: Command, observer: Observer, io: Io): Command =>
  command
    .option("--every <duration>", "look again and again, like 60s or 5m (default: once)")
    .action(async () => io.end(await runObserver(observer, { ...command.opts(), args: command.args }, io)));

/** Completes the observer that the arguments name, so that no other is loaded. */
export const observeWith =
  (observers: readonly Entry<Observer>[]) =>
  async (command: Command, io: Io, args: readonly string[]): Promise<Command> => {
    command.description("Reports to the ledger what really runs.").addHelpText("after", ABOUT);
    await addSubcommands(command, observers, args, (subcommand, observer) =>
      observerCommand(subcommand, observer, io),
    );
    return command;
  };
