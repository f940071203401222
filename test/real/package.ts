/** The package as `npm pack` makes it, installed where a user would. */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const run = promisify(execFile);

const ROOT = join(import.meta.dirname, "../..");
const Packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

export interface Tarball {
  readonly file: string;
  /** The paths of its files. */
  readonly paths: readonly string[];
}

/** Builds the package and packs it into a folder. One at a time, because a build begins by removing the one before. */
export async function pack(folder: string): Promise<Tarball> {
  const lock = join(ROOT, ".build/package.lock");
  mkdirSync(dirname(lock), { recursive: true });
  const commands = 'npm run build >&2 && exec npm pack --json --ignore-scripts --pack-destination "$0"';
  const { stdout } = await run("flock", [lock, "sh", "-c", commands, folder], {
    cwd: ROOT,
    maxBuffer: 16 * 1024 * 1024,
  });
  const [{ filename, files }] = Packed.parse(JSON.parse(stdout));
  return { file: join(folder, filename), paths: files.map(({ path }) => path) };
}

const QUIETLY = ["--no-audit", "--no-fund", "--prefer-offline"];

/** Installs it as a program. @returns the path of `asof` */
export async function installGlobally({ file }: Tarball, prefix: string): Promise<string> {
  mkdirSync(prefix, { recursive: true });
  await run("npm", ["install", "--global", "--prefix", prefix, ...QUIETLY, file], { cwd: prefix });
  return join(prefix, "bin/asof");
}

/**
 * Makes a project that depends on it.
 * @param others packages that are installed beside it, by the folder of this project where they are
 */
export async function installInProject(
  { file }: Tarball,
  project: string,
  others: Readonly<Record<string, string>>,
): Promise<void> {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["install", ...QUIETLY, file], { cwd: project });
  for (const [name, folder] of Object.entries(others)) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, folder, name), link);
  }
}
