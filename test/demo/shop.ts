/** The demo's shop as files: two releases, what deploys them, and what a terminal needs to speak of them. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { sha256 } from "../../functions/ledger/canonical.ts";
import { quote } from "../../functions/plan/shell.ts";

const ROOT = join(import.meta.dirname, "../..");
const FILES = join(import.meta.dirname, "shop");

export const PLACE = { environment: "demo", service: "acme/shop" };
export const DATABASE = "shop";
const REPOSITORY = "ghcr.io/acme/shop";
/** The migration that each release brings. */
export const MIGRATIONS = readdirSync(join(FILES, "migrations")).sort();

export interface Release {
  readonly n: number;
  /** Its files. */
  readonly folder: string;
  /** There are no images here: the digest is that of its files. */
  readonly digest: string;
  readonly repository: string;
  readonly migration: string;
}

/** Lays a release out: its program, and every migration until then, as a checkout of it has them. */
function layOut(shop: string, n: number): Release {
  const folder = join(shop, `release-${n}`);
  mkdirSync(join(folder, "migrations"), { recursive: true });
  const files = [
    ["knexfile.mjs", "knexfile.mjs"],
    [`release-${n}/service.mjs`, "service.mjs"],
    ...MIGRATIONS.slice(0, n).map((name) => [`migrations/${name}`, `migrations/${name}`]),
  ].map(([from = "", to = ""]) => {
    copyFileSync(join(FILES, from), join(folder, to));
    return readFileSync(join(FILES, from), "utf8");
  });
  const digest = `sha256:${sha256(JSON.stringify(files))}`;
  writeFileSync(join(folder, "digest"), digest);
  return { n, folder, digest, repository: REPOSITORY, migration: MIGRATIONS[n - 1] ?? "" };
}

/** Makes the folder anew. */
export function makeShop(folder: string): [Release, Release] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "bin"), { recursive: true, mode: 0o700 });
  for (const program of ["deploy.mjs", "shop.mjs"]) cpSync(join(FILES, program), join(folder, program));
  // What it runs is what is installed here: pg, Knex, and asof by its name.
  symlinkSync(join(ROOT, "test/real/node_modules"), join(folder, "node_modules"));
  symlinkSync(join(ROOT, "cli/asof.mjs"), join(folder, "bin/asof"));
  return [layOut(folder, 1), layOut(folder, 2)];
}

/** Variables as a shell takes them: `. environment.sh`. Only its owner may read it. */
export function writeEnvironment(folder: string, variables: Readonly<Record<string, string>>): string {
  const file = join(folder, "environment.sh");
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote([value])}`);
  const path = `export PATH=${quote([resolve(folder, "bin")])}:"$PATH"`;
  writeFileSync(file, [...lines, path, ""].join("\n"), { mode: 0o600 });
  return file;
}

/** How a ledger knows the demo's executor: what `ASOF_EXECUTORS` takes. */
export function writeExecutors(folder: string, secret: string): string {
  const file = join(folder, "executors.json");
  const steps = ["revert", "deploy", "check"];
  const executor = { kind: "webhook", url: "http://127.0.0.1:8788/", secrets: [secret], steps };
  writeFileSync(file, JSON.stringify([executor]), { mode: 0o600 });
  return file;
}
