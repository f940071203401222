/** The command line: `asof <command>`. Each command knows its own options; here is what all end by. */
import { Command, CommanderError } from "commander";
import { RegistryError } from "../functions/registry/oci.ts";
import { CliError } from "./error.ts";
import { executeCommand } from "./execute.ts";
import { EXIT, type Io } from "./io.ts";
import { migrationsCommand } from "./migrations.ts";
import { planCommand } from "./plan.ts";
import { recordCommand } from "./record/command.ts";
import { redeployCommand } from "./redeploy.ts";
import { Unreachable } from "./request.ts";

function programFor(io: Io): Command {
  const program = new Command("asof")
    .description("Tells a release ledger what happened, and has it run again what ran before.")
    .addCommand(recordCommand(io))
    .addCommand(migrationsCommand(io))
    .addCommand(planCommand(io))
    .addCommand(redeployCommand(io))
    .addCommand(executeCommand(io));
  return withIo(program, io);
}

/** Commands say how they end instead of ending the process, and speak to their world. */
function withIo(command: Command, io: Io): Command {
  for (const one of command.commands) withIo(one, io);
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
  });
}

/** How a command ends by what was thrown; undefined where that is no fault of whoever asked. */
function exitOf(error: unknown): number | undefined {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Unreachable) return EXIT.unreachable;
  return error instanceof CliError || error instanceof RegistryError ? EXIT.refused : undefined;
}

/** Runs one command line, without the program's own name. Throws what is no fault of whoever asked. */
export async function main(args: readonly string[], io: Io): Promise<void> {
  try {
    await programFor(io).parseAsync([...args], { from: "user" });
  } catch (error) {
    const code = exitOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    // Commander has told people already.
    if (!(error instanceof CommanderError)) io.err(`asof: ${error.message}`);
    if (code !== EXIT.done) printJsonError(args, io, error);
    io.end(code);
  }
}

/** Who asked for JSON gets it also where nothing came of it, perhaps because the other options are wrong. */
function printJsonError(args: readonly string[], { out }: Io, { message }: Error): void {
  if (args.includes("--json")) out(JSON.stringify({ error: message }));
}
