/** What `functions/runtime/setup.mjs` does to a clone in which something already runs. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";

const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), "asof-setup-"));

/** Packages of the clones: `web` needs `late`, and the tests need `checks`, which needs `late` too. */
const PACKAGES = [
  { name: "late", version: "1.0.0", dependencies: {} },
  { name: "web", version: "1.0.0", dependencies: { late: "1.0.0" } },
  { name: "checks", version: "1.0.0", dependencies: { late: "1.0.0" } },
] as const;
const MANIFEST = { name: "clone", version: "1.0.0", dependencies: { web: "1.0.0" } };
const Packed = z.array(z.object({ filename: z.string(), integrity: z.string() }));

let registry: Server;
let env: Record<string, string>;

/** A registry of these packages alone: what is tested needs no other, and no network. */
async function startRegistry(): Promise<void> {
  const folders = PACKAGES.map(({ name, ...more }) => {
    const folder = join(scratch, "packages", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name, type: "module", main: "index.js", ...more }),
    );
    writeFileSync(join(folder, "index.js"), `export const name = "${name}";`);
    return folder;
  });
  const { PATH = "", HOME = "" } = process.env;
  env = { PATH, HOME, npm_config_cache: join(scratch, "cache") };
  const { stdout } = await run("npm", ["pack", "--json", ...folders], { cwd: scratch, env });
  const packed = Packed.parse(JSON.parse(stdout));
  registry = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const n = PACKAGES.findIndex(({ name }) => path === name);
    const one = PACKAGES[n];
    if (one === undefined) return response.end(readFileSync(join(scratch, path)));
    const { filename = "", integrity } = packed[n] ?? {};
    const tarball = `${env.npm_config_registry}/${filename}`;
    const versions = { [one.version]: { ...one, dist: { tarball, integrity } } };
    return response.end(JSON.stringify({ name: one.name, "dist-tags": { latest: one.version }, versions }));
  });
  await once(registry.listen(0, "127.0.0.1"), "listening");
  const { port } = z.custom<AddressInfo>((value) => typeof value === "object").parse(registry.address());
  env.npm_config_registry = `http://127.0.0.1:${port}`;
}

const TEMPLATE = join(scratch, "template");
/** A clone with what a running ledger needs. */
const INSTALLED = join(scratch, "installed");
beforeAll(async () => {
  await startRegistry();
  mkdirSync(join(TEMPLATE, "functions/runtime"), { recursive: true });
  copyFileSync(
    join(import.meta.dirname, "../functions/runtime/setup.mjs"),
    join(TEMPLATE, "functions/runtime/setup.mjs"),
  );
  copyFileSync(join(import.meta.dirname, "../.npmrc"), join(TEMPLATE, ".npmrc"));
  const manifest = { ...MANIFEST, devDependencies: { checks: "1.0.0" } };
  writeFileSync(join(TEMPLATE, "package.json"), JSON.stringify(manifest));
  await run("npm", ["install", "--package-lock-only", "--no-audit"], { cwd: TEMPLATE, env });
  cpSync(TEMPLATE, INSTALLED, { recursive: true });
  await setUp(INSTALLED);
});
afterAll(() => {
  registry.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** A fresh clone, or another one as it is. */
function clone(of = TEMPLATE): string {
  const folder = mkdtempSync(join(scratch, "clone-"));
  cpSync(of, folder, { recursive: true });
  return folder;
}

const setUp = (folder: string, ...args: readonly string[]) =>
  run(process.execPath, ["functions/runtime/setup.mjs", ...args], { cwd: folder, env });

/** Every file under `node_modules`, with what changes where it is replaced. */
function filesOf(folder: string): Map<string, string> {
  const entries = readdirSync(join(folder, "node_modules"), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    files.map((file) => {
      const { ino, mtimeMs } = lstatSync(file);
      return [file, `${ino} ${mtimeMs}`];
    }),
  );
}

const installed = (folder: string) =>
  readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));

it("adds what the tests need under a running server, which goes on loading what it has", async () => {
  const folder = clone(INSTALLED);
  expect(installed(folder)).toEqual(["late", "web"]);
  const before = filesOf(folder);

  writeFileSync(
    join(folder, "server.mjs"),
    `import "web"; process.stdin.once("data", async () => process.stdout.end((await import("late")).name)); console.log("runs");`,
  );
  const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  await once(server.stdout, "data");
  await setUp(folder, "dev");
  server.stdin.end("go");
  const [last] = await once(server.stdout, "data");
  expect(String(last)).toBe("late");

  expect(installed(folder)).toEqual(["checks", "late", "web"]);
  const after = filesOf(folder);
  expect(before.size).toBeGreaterThan(4);
  for (const [file, stamp] of before) expect(`${file} ${after.get(file)}`).toBe(`${file} ${stamp}`);
});

it("removes nothing that the tests installed, or somebody by hand, when a package is put back", async () => {
  const folder = clone();
  await setUp(folder, "dev");
  mkdirSync(join(folder, "node_modules", "by-hand"));
  rmSync(join(folder, "node_modules", "late"), { recursive: true });
  const { stderr } = await setUp(folder);
  expect(stderr).toContain("installing 1 missing package");
  expect(installed(folder)).toEqual(["by-hand", "checks", "late", "web"]);
});

it("may run twice at once on a fresh clone", async () => {
  const folder = clone();
  await Promise.all([setUp(folder), setUp(folder, "dev")]);
  expect(installed(folder)).toEqual(["checks", "late", "web"]);
  for (const name of installed(folder)) {
    expect(readdirSync(join(folder, "node_modules", name))).toEqual(["index.js", "package.json"]);
  }
  expect(readdirSync(join(folder, ".build"))).toEqual([]);
});

it("asks nobody where nothing is missing", async () => {
  const folder = clone(INSTALLED);
  const before = filesOf(folder);
  const { stderr } = await run(process.execPath, ["functions/runtime/setup.mjs"], {
    cwd: folder,
    env: { PATH: "/nowhere" },
  });
  expect(stderr).toBe("");
  expect(filesOf(folder)).toEqual(before);
});

it("replaces no package of another version: it says which it is, and how to replace it", async () => {
  const folder = clone(INSTALLED);
  const manifest = join(folder, "node_modules", "late", "package.json");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace("1.0.0", "0.9.0"));
  const before = filesOf(folder);
  const refused = expect(setUp(folder, "dev")).rejects;
  await refused.toThrow(/node_modules\/late is 0\.9\.0, but the lockfile has 1\.0\.0; stop .*npm ci/);
  expect(filesOf(folder)).toEqual(before);
});

it("installs a folder's own packages in that folder", async () => {
  const folder = clone();
  cpSync(TEMPLATE, join(folder, "more"), { recursive: true });
  await setUp(folder, "dev", "more");
  expect(installed(join(folder, "more"))).toEqual(["checks", "late", "web"]);
  expect(existsSync(join(folder, "node_modules", "checks"))).toBe(true);
});

it("leaves nothing half-done where a package cannot be had", async () => {
  const folder = clone();
  const nowhere = {
    ...env,
    npm_config_registry: "http://127.0.0.1:9",
    npm_config_cache: join(folder, "cache"),
  };
  const failing = run(process.execPath, ["functions/runtime/setup.mjs"], {
    cwd: folder,
    env: { ...nowhere, npm_config_fetch_retries: "0" },
  });
  await expect(failing).rejects.toThrow("npm ci failed");
  expect(existsSync(join(folder, "node_modules"))).toBe(false);
  expect(readdirSync(join(folder, ".build"))).toEqual([]);
});
