/**
 * Installs missing packages at the lockfile's versions, so that one command is enough on a fresh clone.
 * It only adds files. A ledger that runs from the same clone can go on loading its packages, and two concurrent set-ups
 * only do the same work twice. `npm ci` would delete `node_modules`, so it runs in a staging folder, from which the missing
 * files are moved.
 * Plain JavaScript with only Node's own modules, because nothing else is installed yet.
 *
 *     node functions/runtime/setup.mjs                      the packages that a running ledger needs
 *     node functions/runtime/setup.mjs dev                  and those that its tests need
 *     node functions/runtime/setup.mjs dev cdk test/real    and the packages of these folders
 */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const [kind, ...folders] = process.argv.slice(2);
const isDev = kind === "dev";
const PROGRESS_MS = 5000;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`needs Node 20.19 or newer; this is ${process.versions.node}`);

for (const folder of ["", ...folders]) {
  const { missing, other } = compareToLockfile(folder);
  if (other !== undefined) {
    fail(`${other}; stop what runs from this folder, then: cd ${join(root, folder)} && npm ci`);
  }
  if (missing > 0) await install(folder, missing);
}

function fail(message) {
  console.error(`asof: ${message}`);
  process.exit(1);
}

/** How many packages of a lockfile are missing, and the first one that is installed in another version. */
function compareToLockfile(folder) {
  const at = join(root, folder);
  const { packages } = JSON.parse(readFileSync(join(at, "package-lock.json"), "utf8"));
  let missing = 0;
  for (const [path, { version, dev, optional, devOptional }] of Object.entries(packages)) {
    // Optional packages include those of other platforms. They are installed with the packages that name them.
    const isWanted = path !== "" && !optional && (isDev || !(dev || devOptional));
    if (!isWanted) continue;
    const found = installedVersion(join(at, path, "package.json"));
    if (found === undefined) missing++;
    else if (found !== version)
      return { missing, other: `${join(folder, path)} is ${found}, but the lockfile has ${version}` };
  }
  return { missing, other: undefined };
}

/** Undefined if the package is missing or incomplete. */
function installedVersion(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).version;
  } catch {
    return undefined;
  }
}

async function install(folder, missing) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const where = folder === "" ? "" : ` in ${folder}`;
  console.error(`asof: installing ${missing} missing packages${where} (npm ci), once`);
  // Inside the clone, so that files can be moved instead of copied.
  const staging = join(root, ".build", `setup-${process.pid}`);
  // An interrupt also ends npm, which is in the same process group. What it left is removed below.
  const interrupted = () => undefined;
  process.once("SIGINT", interrupted);
  const progress = setInterval(() => console.error(`asof: still installing, ${seconds()} s`), PROGRESS_MS);
  try {
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
      copyFileSync(join(root, folder, file), join(staging, file));
    }
    let code = await npmCi(staging, "--prefer-offline");
    // The cache may know older versions alone, and a registry may fail for a moment.
    if (code > 0) {
      console.error("asof: npm ci failed; trying once more, without the cache");
      code = await npmCi(staging, "--prefer-online");
    }
    if (code === 0) moveMissing(join(staging, "node_modules"), join(root, folder, "node_modules"));
    else process.exitCode = code ?? 1;
  } finally {
    clearInterval(progress);
    process.removeListener("SIGINT", interrupted);
    rmSync(staging, { recursive: true, force: true });
  }
  if (process.exitCode) {
    console.error("asof: npm ci failed; see above");
    process.exit();
  }
  console.error(`asof: installed${where} in ${seconds()} s`);
}

/** The exit code; null where a signal ended it. */
function npmCi(cwd, cache) {
  // By default npm waits for five minutes for a package that does not come.
  const patience = "--fetch-timeout=60000";
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", cache, patience];
  const npm = spawn("npm", isDev ? args : [...args, "--omit=dev"], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((done, failed) => npm.once("close", done).once("error", failed));
}

/** Moves files that do not exist yet, and leaves existing ones unchanged. */
function moveMissing(from, to) {
  if (!existsSync(to)) {
    mkdirSync(dirname(to), { recursive: true });
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      // A concurrent set-up was faster.
      if (!["EEXIST", "ENOTEMPTY"].includes(error.code)) throw error;
    }
  }
  if (!lstatSync(from).isDirectory()) return;
  for (const name of readdirSync(from)) moveMissing(join(from, name), join(to, name));
}
