/** A ledger as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, clientOf, over } from "../client.ts";
import { SERVER } from "../programs.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that was started, whether or not it will ever listen. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The address that its greeting names. Rejects where it ends without a greeting. */
  readonly listening: Promise<string>;
  readonly greeting: () => string;
}

const folders: string[] = [];
const children = new Set<ChildProcess>();

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "asof-"));
  folders.push(folder);
  return folder;
}

/** Ends what is left running, and removes what is left lying. */
export function cleanUp(): void {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/**
 * @param env beside what a process needs to run at all; a test's own variables never leak into it
 * @param flags for Node itself
 */
export function startProcess(
  env: Record<string, string>,
  program = SERVER,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Started {
  const { PATH = "", HOME = "" } = process.env;
  const loader = program.endsWith(".ts") ? ["--import", "tsx"] : [];
  const child = spawn(process.execPath, [...flags, ...loader, program, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, ASOF_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const listening = new Promise<string>((done, failed) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      const address = /listens on (\S+)\n/.exec(stdout)?.[1];
      if (address !== undefined && stdout.includes("Ctrl-C")) done(address);
    });
    child.once("close", () => failed(new Error(`ended without a greeting: ${stdout}${stderr}`)));
  });
  listening.catch(() => undefined);
  const ended = once(child, "close").then((): Ended => {
    children.delete(child);
    const { exitCode: code, signalCode: signal } = child;
    return { code, signal, stdout, stderr };
  });
  return { child, ended, listening, greeting: () => stdout };
}

export interface Process extends Started {
  readonly address: string;
  readonly token: string;
  readonly client: Client;
}

/** Starts a ledger on a folder and waits until it listens. */
export async function startLedger(data: string, env: Record<string, string> = {}): Promise<Process> {
  const started = startProcess({ ASOF_DATA: data, ...env });
  const address = await started.listening;
  const token = readFileSync(join(data, "token"), "utf8").trim();
  return { ...started, address, token, client: clientOf(over(address), token) };
}

/** Sends a signal and waits for the end. */
export function end({ child, ended }: Started, signal: NodeJS.Signals): Promise<Ended> {
  child.kill(signal);
  return ended;
}

/** What a ledger printed on standard error beside the line of each request. */
export const complaintsIn = (stderr: string): string[] =>
  stderr.split("\n").filter((line) => line !== "" && !line.includes('"message":"request"'));
