/**
 * Installs what is missing, so that one command is enough on a fresh clone.
 * Plain JavaScript with nothing but Node's own modules: nothing else is there yet.
 *
 *     node functions/setup.mjs        what a running ledger needs
 *     node functions/setup.mjs dev    what its tests need as well
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dev = process.argv[2] === "dev";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`asof: needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

function isMissing() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return true;
  if (statSync(installed).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs) return true;
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = Object.keys(dev ? { ...dependencies, ...devDependencies } : dependencies);
  return wanted.some((name) => !existsSync(join(root, "node_modules", name, "package.json")));
}

if (isMissing()) {
  console.error(`asof: installing what is missing (npm ci), once`);
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(dev ? [] : ["--omit=dev"])];
  const { status } = spawnSync("npm", args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error("asof: npm ci failed; see above");
    process.exit(status ?? 1);
  }
}
