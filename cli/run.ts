/** Runs one command line; errors and exit codes are handled here. */
import { Command, CommanderError } from "commander";
import { printable } from "../schemas/scalars.ts";
import { CliError, Unreachable } from "./error.ts";
import { EXIT, type Io } from "./io.ts";

/** Makes a program whose commands write to an `io`. */
type ProgramWith = (io: Io) => Command | Promise<Command>;

/** The program `asof` of some commands. */
export function programOf(commands: readonly Command[]): Command {
  const program = new Command("asof").description(
    "Reports to a release ledger what happened, and redeploys what ran before.",
  );
  for (const command of commands) program.addCommand(command);
  return program;
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

/** With --json, programs get the error as JSON, also where parsing the other options failed. */
function printJsonError(args: readonly string[], { out }: Io, { message }: Error): void {
  if (args.includes("--json")) out(JSON.stringify({ error: message }));
}
