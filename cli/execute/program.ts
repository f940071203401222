/** Runs one program of a step directly, without a shell. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { ExecutionFailed, type StepCommand } from "./commands.ts";

export interface ProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly show: (line: string) => void;
  readonly interrupted: AbortSignal;
}

/** How long to read on after the program has ended: a background process may hold its output open for ever. */
const DRAIN_MS = 500;

const STOPPED = "the executor was stopped";

/** Prints its output line by line and stores none of it. Throws ExecutionFailed unless it exits with 0. */
export async function run({ n, title, argv }: StepCommand, options: ProcessOptions): Promise<void> {
  const { cwd, env, show, interrupted } = options;
  const step = `step ${n} (${title})`;
  if (interrupted.aborted) throw new ExecutionFailed(`${STOPPED} before ${step}`);
  const [program = "", ...args] = argv;
  // Its own process group, so that its children end with it. Ctrl-C reaches it only through this process.
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (line) => show(`${n}| ${line}`));
  }
  const stop = () => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  interrupted.addEventListener("abort", stop);
  const closed = once(child, "close").catch(() => undefined);
  try {
    await once(child, "exit");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    throw new ExecutionFailed(`${step}: ${basename(program)} cannot be started${code}`);
  } finally {
    interrupted.removeEventListener("abort", stop);
  }
  await Promise.race([closed, setTimeout(DRAIN_MS)]);
  if (interrupted.aborted) throw new ExecutionFailed(`${STOPPED} during ${step}`);
  const { exitCode, signalCode } = child;
  if (exitCode !== 0) throw new ExecutionFailed(`${step} ended with ${exitCode ?? signalCode}`);
}
