/**
 * `npm run build`: makes `dist`, the content of the package. This is the only list of entry files.
 *
 *     asof.mjs                      the command line; each command is in files beside it, which are read when it is used
 *     asof-verify.mjs               asof verify in one file, which needs nothing but Node
 *     verify.py                     the second verifier, in Python; both go into the packages for auditors
 *     asof-observer.mjs             asof observe kubernetes in one file, for a pod: it needs less memory
 *     server.mjs, worker.mjs        the server, and the worker thread for long operations on its file
 *     page/                         the page that the server serves
 *     client.mjs, schemas.mjs, cdk.mjs, with their .d.ts   the libraries for other packages
 *     functions/<name>/index.mjs    the functions on Lambda; `questions` has the page beside it
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import type { Metafile } from "esbuild";
import * as z from "zod";
import { bundleFunction, bundleInParts, bundlePrograms, type Entries, ROOT } from "./bundle.ts";
import { notices } from "./notices.ts";
import { writePage } from "./page.ts";

const SERVER = "functions/runtime/server/server.ts";
/** The programs of the package that are each one file. */
export const PROGRAMS = {
  "asof-observer": "cli/observe/kubernetes-observer.ts",
  "asof-verify": "cli/verify/verify-program.ts",
  server: SERVER,
  worker: "functions/adapters/sqlite/worker.ts",
} as const;
const LIBRARIES: Entries = {
  client: "functions/adapters/api-client.ts",
  schemas: "schemas/index.ts",
  cdk: "cdk/index.ts",
};
/** The functions on Lambda. */
export const FUNCTION_ENTRIES = {
  ingest: "functions/runtime/aws/ingest.ts",
  questions: "functions/runtime/aws/query.ts",
  export: "functions/runtime/aws/export.ts",
  "export-job": "functions/runtime/aws/export-job.ts",
  publish: "functions/runtime/aws/publish.ts",
  erase: "functions/runtime/aws/erase.ts",
  seal: "functions/runtime/aws/seal.ts",
  execute: "functions/runtime/aws/execute-redeployment.ts",
  maintain: "functions/runtime/aws/silence-alerts.ts",
  chat: "functions/runtime/aws/tell-chats.ts",
} as const;
/** Not bundled: they have native code, or are large and rarely needed. Installed beside the program, loaded when used. */
const DRIVERS = ["libsql", "mongodb", "mysql2", "pg"];

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
});

/** Bundles every function into a folder of its own under `folder`, and returns `folder`. */
export async function bundleFunctions(folder: string): Promise<string> {
  await bundleAll(folder);
  return folder;
}

async function bundleAll(folder: string): Promise<Metafile[]> {
  const bundled = await Promise.all(
    Object.entries(FUNCTION_ENTRIES).map(([name, entry]) => bundleFunction(entry, join(folder, name))),
  );
  return [...bundled, await writePage(join(folder, "questions", "page"))];
}

/**
 * Writes the type declarations of the libraries: those of all source files under `types`, and one file for each library
 * that exports its entry, so that imports do not depend on the source tree's paths.
 */
function declare(dist: string): void {
  const settings = join(ROOT, ".build", "declarations.json");
  mkdirSync(join(ROOT, ".build"), { recursive: true });
  writeFileSync(
    settings,
    JSON.stringify({
      extends: "../tsconfig.json",
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: join(dist, "types"),
        rootDir: ROOT,
      },
      include: [],
      files: Object.values(LIBRARIES).map((entry) => join(ROOT, entry)),
    }),
  );
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", settings], { stdio: "inherit" });
  for (const [name, entry] of Object.entries(LIBRARIES)) {
    const declared = entry.replace(/\.ts$/, ".js");
    writeFileSync(join(dist, `${name}.d.ts`), `export * from "./types/${declared}";\n`);
  }
}

// The package carries the page, and nothing to build it.
const BESIDE = { [SERVER]: "./server.mjs", "functions/runtime/page.ts": "./page/none.mjs" };

/** The command line: of its code, a run reads the parts that it uses. */
export const bundleCommandLine = (folder: string): Promise<Metafile> =>
  bundleInParts({ entries: { asof: "cli/program.ts" }, folder, external: DRIVERS, beside: BESIDE });

/** The programs, and the page that the server serves. */
export async function buildPrograms(folder: string): Promise<Metafile[]> {
  const bundled = await Promise.all([
    bundleCommandLine(folder),
    bundlePrograms({ entries: PROGRAMS, folder, external: DRIVERS, beside: BESIDE }),
    writePage(join(folder, "page")),
  ]);
  chmodSync(join(folder, "asof.mjs"), 0o755);
  copyFileSync(join(ROOT, "test/independent/verify.py"), join(folder, "verify.py"));
  return bundled;
}

async function buildPackage(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const bundled = await Promise.all([
    buildPrograms(dist),
    bundleInParts({ entries: LIBRARIES, folder: dist, external: installed }),
    bundleAll(join(dist, "functions")),
  ]);
  declare(dist);
  writeFileSync(join(dist, "THIRD-PARTY-NOTICES.txt"), notices(bundled.flat()));
}

const [, program] = process.argv;
if (program !== undefined && existsSync(program) && realpathSync(program) === import.meta.filename) {
  const dist = join(ROOT, "dist");
  await buildPackage(dist);
  console.log(`built ${relative(process.cwd(), dist)}`);
}
