/** Images that can run: Node, npm and a tool from npm, all of them taken from this machine. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

/** Where the tools are installed. */
const HERE = import.meta.dirname;

const told = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { cwd: HERE, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** A program as /usr/bin has it, and the shared libraries that it names. */
export function putProgram(root: string, name: string, file: string): void {
  const program = realpathSync(file);
  cpSync(program, join(root, "usr/bin", name));
  putLibraries(root, program);
}

/** The shared libraries that a program, or another library, names. */
export function putLibraries(root: string, file: string): void {
  for (const [library] of told("ldd", file).matchAll(/\/\S+/g)) {
    cpSync(library, join(root, library), { dereference: true });
  }
}

const Packages = z.array(z.looseObject({ location: z.string() }));

/** Packages that are installed here, with everything that they depend on. */
function putPackages(app: string, packages: readonly string[]): void {
  const query = packages.flatMap((name) => [`#${name}`, `#${name} *`]).join(",");
  for (const { location } of Packages.parse(JSON.parse(told("npm", "query", query)))) {
    cpSync(join(HERE, location), join(app, location), { recursive: true });
  }
}

/** Fills the root of an image's files with Node, npm, and what they and a Dockerfile's lines need. */
export function putNode(root: string): void {
  for (const folder of ["tmp", "usr/bin", "usr/lib", "etc"])
    mkdirSync(join(root, folder), { recursive: true });
  // Where npm's own scripts look for a shell.
  symlinkSync("usr/bin", join(root, "bin"));
  putProgram(root, "node", process.execPath);
  putProgram(root, "sh", "/bin/sh");
  putProgram(root, "env", "/usr/bin/env");
  const npx = realpathSync(told("which", "npx").trim());
  cpSync(dirname(dirname(npx)), join(root, "usr/lib/npm"), { recursive: true });
  for (const name of ["npm", "npx"])
    symlinkSync(`../lib/npm/bin/${name}-cli.js`, join(root, "usr/bin", name));
}

/**
 * Fills the root of an image's files: `npx --no -- <tool>` works in its `/app`, in what is put beside.
 * @param tool a package whose program has its name
 * @param others packages that it needs without depending on them
 */
export function putTool(root: string, tool: string, others: readonly string[]): void {
  const app = join(root, "app");
  putNode(root);
  mkdirSync(join(app, "node_modules/.bin"), { recursive: true });
  putPackages(app, [tool, ...others]);
  const bin = join("node_modules", ".bin", tool);
  cpSync(join(HERE, bin), join(app, bin), { verbatimSymlinks: true });
  writeFileSync(join(app, "package.json"), '{"private":true}');
}
