/** The command line: `asof <command>`. Each command knows its own options; here is what all end by. */
import { Command, CommanderError } from "commander";
import { RegistryError } from "../functions/registry/oci.ts";
import { migrationsCommand } from "./migrations.ts";
import { recordCommand } from "./record/command.ts";
import { Complaint } from "./record/event.ts";
import { EXIT, type World } from "./world.ts";

function programFor(world: World): Command {
  const program = new Command("asof")
    .description("Tells a release ledger what happened, from pipelines and from the command line.")
    .addCommand(recordCommand(world))
    .addCommand(migrationsCommand(world));
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

/** Runs one command line, without the program's own name. Throws what is no fault of whoever asked. */
export async function main(args: readonly string[], world: World): Promise<void> {
  try {
    await programFor(world).parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has told people already.
      if (error.exitCode !== 0) tellPrograms(args, world, error);
      world.end(error.exitCode === 0 ? EXIT.done : EXIT.usage);
    } else if (error instanceof Complaint || error instanceof RegistryError) {
      world.err(`asof: ${error.message}`);
      tellPrograms(args, world, error);
      world.end(EXIT.refused);
    } else throw error;
  }
}

/** Who asked for JSON gets it also where nothing came of it, perhaps because the other options are wrong. */
function tellPrograms(args: readonly string[], { out }: World, { message }: Error): void {
  if (args.includes("--json")) out(JSON.stringify({ error: message }));
}
