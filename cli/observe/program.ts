/** Runs the programs of this machine that list what runs, such as `systemctl`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod";
import { CliError } from "../error.ts";

const execute = promisify(execFile);
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** What a program prints. Throws a CliError with the first line of what it complains of. */
export async function printedBy(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const bounds = { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, encoding: "utf8" } as const;
  try {
    const { stdout } = await execute(program, args, { ...bounds, env: { ...env } });
    return stdout;
  } catch (cause) {
    const said = z.object({ stderr: z.string().optional(), message: z.string() }).safeParse(cause).data;
    const [line = ""] = (said?.stderr || said?.message || String(cause)).trim().split("\n");
    throw new CliError(`${program}: ${line}`, { cause });
  }
}
