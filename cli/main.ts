/** The command line: `asof <command>`. Each command knows its own options; here is what all end by. */
import { Command, CommanderError } from "commander";
import { RegistryError } from "../functions/registry/oci.ts";
import { executeCommand } from "./execute.ts";
import { EXIT, type World } from "./io.ts";
import { migrationsCommand } from "./migrations.ts";
import { planCommand } from "./plan.ts";
import { recordCommand } from "./record/command.ts";
import { Complaint } from "./record/event.ts";
import { redeployCommand } from "./redeploy.ts";
import { Unreachable } from "./request.ts";

function programFor(world: World): Command {
  const program = new Command("asof")
    .description("Tells a release ledger what happened, and has it run again what ran before.")
    .addCommand(recordCommand(world))
    .addCommand(migrationsCommand(world))
    .addCommand(planCommand(world))
    .addCommand(redeployCommand(world))
    .addCommand(executeCommand(world));
  return inWorld(program, world);
}

/** Commands say how they end instead of ending the process, and speak to their world. */
function inWorld(command: Command, world: World): Command {
  for (const one of command.commands) inWorld(one, world);
  return command.exitOverride().configureOutput({
    writeOut: (text) => world.out(text.trimEnd()),
    writeErr: (text) => world.err(text.trimEnd()),
  });
}

/** How a command ends by what was thrown; undefined where that is no fault of whoever asked. */
function exitOf(error: unknown): number | undefined {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Unreachable) return EXIT.unreachable;
  return error instanceof Complaint || error instanceof RegistryError ? EXIT.refused : undefined;
}

/** Runs one command line, without the program's own name. Throws what is no fault of whoever asked. */
export async function main(args: readonly string[], world: World): Promise<void> {
  try {
    await programFor(world).parseAsync([...args], { from: "user" });
  } catch (error) {
    const code = exitOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    // Commander has told people already.
    if (!(error instanceof CommanderError)) world.err(`asof: ${error.message}`);
    if (code !== EXIT.done) tellPrograms(args, world, error);
    world.end(code);
  }
}

/** Who asked for JSON gets it also where nothing came of it, perhaps because the other options are wrong. */
function tellPrograms(args: readonly string[], { out }: World, { message }: Error): void {
  if (args.includes("--json")) out(JSON.stringify({ error: message }));
}
