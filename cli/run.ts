/** Runs one command line; errors and exit codes are handled here. */
import { Command, CommanderError } from "commander";
import { printable } from "../schemas/words/texts.ts";
import { CliError, Unreachable } from "./error.ts";
import { EXIT, EXIT_CODES, type Io } from "./io.ts";

/** Makes a program whose commands write to an `io`. */
type ProgramWith = (io: Io) => Command | Promise<Command>;

const HELP = `
Examples:
  asof show production/billing yesterday
  asof why production/billing
  asof plan production/billing~1

Exit codes of every command:
  0  yes, or done
  1  no: blocked, failed, or something is wrong
${EXIT_CODES}`;

/** The program `asof` of some commands. */
export function programOf(commands: readonly Command[]): Command {
  const program = new Command("asof")
    .description("What ran here at that moment, and what is needed to run it again.")
    .addHelpText("after", HELP);
  for (const command of commands) program.addCommand(command);
  // Commander's own would stand alone, above the groups.
  const help = new Command("help").argument("[command]").summary("shows how a command is used");
  return program.addHelpCommand(help.helpGroup("Run:"));
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
export async function run(args: readonly string[], given: Io, programWith: ProgramWith): Promise<void> {
  const io = escaping(given);
  try {
    await withIo(await programWith(io), io).parseAsync([...args], { from: "user" });
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
