/** The command line's environment as this process has it: its streams, signals and exit code. */
import { createInterface } from "node:readline/promises";
import { EXIT, type Io } from "./io.ts";

/** How `error` reads in one line: what fails here is asof itself, so its place in the code belongs to it. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /\n\s+at (.+)/.exec(error.stack ?? "")?.[1];
  const [message] = `${error.name}: ${error.message}`.split("\n");
  return `${message}${place === undefined ? "" : ` at ${place}`}`;
}

const isClosed = (error: Error): boolean => "code" in error && error.code === "EPIPE";

/**
 * Writes lines to a stream. Once its reader has gone (`asof … | head`) lines are dropped and the command runs to its
 * end: whether something is recorded, and the exit code, do not depend on who reads the output.
 * @param failed what happens on any other failure to write, like a full disk
 */
function lineWriter(stream: NodeJS.WriteStream, failed: (error: Error) => void): (line: string) => void {
  let isOpen = true;
  stream.on("error", (error) => {
    isOpen = false;
    if (!isClosed(error)) failed(error);
  });
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}

/** An answer that never comes, because the terminal was closed, is a no. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((done) => terminal.once("close", () => done("")));
  try {
    const answer = await Promise.race([terminal.question(`${question} [yes/no] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** The world of this process. From this call on, what nobody catches ends it with one line and exit code 1. */
export function processIo(): Io {
  let unwritable = false;
  const err = lineWriter(process.stderr, () => undefined);
  const out = lineWriter(process.stdout, (error) => {
    unwritable = true;
    process.exitCode = EXIT.refused;
    err(`asof: the output cannot be written: ${error.message}`);
  });
  const crash = (error: unknown): never => {
    err(`asof: unexpected error, please report it: ${describeError(error)}`);
    process.exit(EXIT.refused);
  };
  process.on("unhandledRejection", crash);
  process.on("uncaughtException", crash);
  return {
    env: process.env,
    out,
    err,
    now: () => new Date(),
    waitMs: 1000,
    // Some CI systems run their jobs in a terminal.
    isAttended: process.stderr.isTTY && (process.env.CI ?? "") === "",
    ...(process.stdin.isTTY ? { confirm } : {}),
    interrupted,
    end: (code) => {
      process.exitCode = unwritable && code === EXIT.done ? EXIT.refused : code;
    },
  };
}
