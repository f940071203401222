/** The command line: `asof <command>`. Commands define their options; errors and exit codes are handled here. */
import { Command, CommanderError } from "commander";
import { printable } from "../schemas/scalars.ts";
import { commandsFor } from "./commands.ts";
import { CliError, Unreachable } from "./error.ts";
import { EXIT, EXIT_CODES, type Io } from "./io.ts";

const HELP = `
Examples:
  asof show production/billing yesterday
  asof why production/billing
  asof plan production/billing~1

Exit codes of every command:
  0  yes, or done
  1  no: blocked, failed, or something is wrong
${EXIT_CODES}`;

async function programFor(args: readonly string[], io: Io): Promise<Command> {
  const program = new Command("asof")
    .description("What ran here at that moment, and what is needed to run it again.")
    .addHelpText("after", HELP);
  for (const command of await commandsFor(args, io)) program.addCommand(command);
  // Commander's own would stand alone, above the groups.
  const help = new Command("help").argument("[command]").summary("shows how a command is used");
  program.addHelpCommand(help.helpGroup("Run:"));
  return withIo(program, io);
}

/** Makes commander throw instead of ending the process, and write to `io`. */
function withIo(command: Command, io: Io): Command {
  for (const one of command.commands) withIo(one, io);
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
  });
}

/** The exit code for an expected error; undefined for an internal one. */
function exitOf(error: unknown): number | undefined {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Unreachable) return EXIT.unreachable;
  return error instanceof CliError ? (error.exit ?? EXIT.no) : undefined;
}

/** What others named reaches no terminal raw; in JSON the escapes mean the same. */
const escaping = (io: Io): Io => ({
  ...io,
  out: (line) => io.out(printable(line)),
  styled: io.out,
  err: (line) => io.err(printable(line)),
});

/** Runs one command line, given without the program's name. Throws internal errors only. */
export async function main(args: readonly string[], given: Io): Promise<void> {
  const io = escaping(given);
  try {
    await (await programFor(args, io)).parseAsync([...args], { from: "user" });
  } catch (error) {
    const code = exitOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    // Commander has already printed its own.
    if (!(error instanceof CommanderError)) io.err(`asof: ${error.message}`);
    if (code !== EXIT.done) printJsonError(args, io, error);
    io.end(code);
  }
}

const AS_JSON = /^(--json|-ojson|--output=json)$/;

/** Programs that asked for JSON get the error as JSON, also where parsing the other options failed. */
function printJsonError(args: readonly string[], { out }: Io, { message }: Error): void {
  const isJson = args.some(
    (arg, n) => AS_JSON.test(arg) || (arg === "json" && ["-o", "--output"].includes(args[n - 1] ?? "")),
  );
  if (isJson) out(JSON.stringify({ error: message }));
}
