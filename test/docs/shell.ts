/** The commands of the pages, as somebody types them who has the folder of a running ledger before them. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Page, ROOT } from "./pages.ts";

const run = promisify(execFile);

/** What the pages' commands reach a ledger by; its data is in `.asof` of the folder. */
export interface Shell {
  readonly folder: string;
  readonly address: string;
  /** A folder of programs, which come before those of this machine. */
  readonly programs: string;
}

/** Makes programs that run files of this repository. */
export function programsIn(folder: string, files: Readonly<Record<string, string>>): string {
  const programs = join(folder, "programs");
  mkdirSync(programs);
  for (const [name, file] of Object.entries(files)) {
    const path = join(programs, name);
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${resolve(ROOT, file)}' "$@"\n`);
    chmodSync(path, 0o755);
  }
  return programs;
}

/** Runs a page's `sh` blocks, one after the other in one shell. Throws where a command fails. Returns what they print. */
export async function runCommands(page: Page, { folder, address, programs }: Shell): Promise<string> {
  const commands = page.blocks
    .filter(({ language }) => language === "sh")
    .map(({ text }) => text)
    .join("\n")
    .replaceAll("http://127.0.0.1:8787", address);
  const { PATH = "", HOME = "" } = process.env;
  const env = { HOME, PATH: `${programs}:${PATH}` };
  const { stdout } = await run("sh", ["-euc", commands], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Reads shell commands without running them. Throws where a shell cannot. */
export async function parseCommands(commands: string): Promise<void> {
  await run("sh", ["-nc", commands]);
}
