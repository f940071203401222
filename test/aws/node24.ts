/** The Node version of the functions on AWS, which need not be the one that runs here. */
import { execFileSync } from "node:child_process";

/** Where it is; npm fetches it once. Undefined where it cannot. */
export function node24(): string | undefined {
  try {
    const printed = execFileSync("npx", ["-y", "-p", "node@24", "node", "-p", "process.execPath"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return printed.trim().split("\n").at(-1);
  } catch {
    return undefined;
  }
}
