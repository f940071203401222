/** The real `Io`: this process's streams, signals and exit code. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { EXIT, type Io } from "./io.ts";

/** An internal error in one line, with its location in the code for the report. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /\n\s+at (.+)/.exec(error.stack ?? "")?.[1];
  const [message] = `${error.name}: ${error.message}`.split("\n");
  return `${message}${place === undefined ? "" : ` at ${place}`}`;
}

const isClosed = (error: Error): boolean => "code" in error && error.code === "EPIPE";

/**
 * Writes lines to a stream. After its reader has closed it (`asof … | head`), further lines are dropped and the command
 * completes: what it records and its exit code must not depend on who reads its output.
 * @param failed called on any other write error, like a full disk
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

/** A terminal that is closed before an answer counts as a no. */
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

const BROWSERS: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "explorer" };

/** Where there is no browser, the printed address has to do. */
function browse(url: string): void {
  const child = spawn(BROWSERS[process.platform] ?? "xdg-open", [url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Also reports uncaught errors and unhandled rejections from this call on: one line, exit code 1. */
export function processIo(): Io {
  let unwritable = false;
  const err = lineWriter(process.stderr, () => undefined);
  const out = lineWriter(process.stdout, (error) => {
    unwritable = true;
    process.exitCode = EXIT.no;
    err(`asof: the output cannot be written: ${error.message}`);
  });
  const crash = (error: unknown): never => {
    err(`asof: unexpected error, please report it: ${describeError(error)}`);
    process.exit(EXIT.no);
  };
  process.on("unhandledRejection", crash);
  process.on("uncaughtException", crash);
  return {
    env: process.env,
    out,
    err,
    now: () => new Date(),
    waitMs: 1000,
    // Some CI systems give their jobs a terminal.
    isAttended: process.stderr.isTTY && (process.env.CI ?? "") === "",
    ...(process.stdout.isTTY ? { columns: process.stdout.columns, browse } : {}),
    ...(process.stdin.isTTY ? { confirm } : {}),
    interrupted,
    end: (code) => {
      process.exitCode = unwritable && code === EXIT.done ? EXIT.no : code;
    },
  };
}
