/** The configuration of esbuild, for Lambda functions, programs and libraries. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/** The root folder of the project. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Loads `http` and `https` through `require`. On Node 24, an ESM import of them reads every export, and the getter of one
 * loads undici. That takes 43 to 61 ms of a cold start; `require` takes 5 to 15 ms.
 */
const requireHttp: Plugin = {
  name: "require-http",
  setup(build) {
    build.onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) => {
      if (kind === "require-call") return { path, external: true };
      return { path, namespace: kind === "dynamic-import" ? "http-lazily" : "http" };
    });
    build.onLoad({ filter: /.*/, namespace: "http" }, ({ path }) => ({
      contents: `module.exports = require("${path}");`,
    }));
    // A lazy import of a CommonJS module has only a default export, so the names have to be listed.
    build.onLoad({ filter: /.*/, namespace: "http-lazily" }, ({ path }) => {
      const names = Object.keys(requireHere(path)).filter((name) => !UNDICI.includes(name));
      return {
        contents: `const http = require("${path}"); export default http; export const { ${names} } = http;`,
      };
    });
  },
};
const requireHere = createRequire(import.meta.url);
const UNDICI = ["CloseEvent", "MessageEvent", "WebSocket"];

/** Replaces the import of some modules by an import of a file beside the bundle. */
const loadBeside = (files: Readonly<Record<string, string>>): Plugin => ({
  name: "load-beside",
  setup(build) {
    build.onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const beside = files[join(resolveDir, path)];
      return beside === undefined || kind === "entry-point" ? undefined : { path: beside, external: true };
    });
  },
});

const REQUIRE =
  'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);';

const OF_KUBERNETES = /[\\/]@kubernetes[\\/]client-node[\\/]/;

/**
 * Leaves out what is not used of the official client of Kubernetes: nearly all of it is generated classes, and its package
 * does not say that they may be left out.
 */
const shakeKubernetes: Plugin = {
  name: "shake-kubernetes",
  setup(build) {
    // Its HTTP client brings the tables of a URL class of its own, for a Node that has none.
    build.onResolve({ filter: /^whatwg-url$/ }, () => ({ path: "node:url", external: true }));
    build.onResolve(
      { filter: /^\.\.?\/|^@kubernetes\/client-node$/ },
      async ({ path, pluginData, ...from }) => {
        const isOwn = path.startsWith("@") || OF_KUBERNETES.test(from.importer);
        if (!isOwn || pluginData === RESOLVED) return undefined;
        const { importer, resolveDir, kind, namespace } = from;
        const found = await build.resolve(path, {
          importer,
          resolveDir,
          kind,
          namespace,
          pluginData: RESOLVED,
        });
        return { path: found.path, sideEffects: false, errors: found.errors };
      },
    );
  },
};
const RESOLVED = "resolved";

const ESM: BuildOptions = {
  absWorkingDir: ROOT,
  outExtension: { ".js": ".mjs" },
  platform: "node",
  format: "esm",
  // The default prefers the CommonJS builds of packages, which cannot be tree-shaken.
  mainFields: ["module", "main"],
  bundle: true,
  legalComments: "none",
  logLevel: "warning",
  banner: { js: REQUIRE },
};

/** Takes the banner out of files without `require`: a function on AWS reads fifty at its start, and each would make its own. */
function withoutUnusedRequire({ outputs }: Metafile): void {
  for (const file of Object.keys(outputs).map((one) => join(ROOT, one))) {
    const text = readFileSync(file, "utf8");
    const bare = text.replace(REQUIRE, "");
    if (!/\brequire\b/.test(bare)) writeFileSync(file, bare);
  }
}

/** Paths of entry files, relative to the project's root, by the names of their outputs. */
export type Entries = Readonly<Record<string, string>>;

/** Bundles a function for Lambda: `index.mjs`, and a chunk for each lazy import. Returns esbuild's metafile. */
export async function bundleFunction(entry: string, folder: string): Promise<Metafile> {
  // Chunk names contain a hash, so without this the chunks of an earlier bundle would be deployed, too.
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...ESM,
    entryPoints: { index: entry },
    outdir: folder,
    target: "node24",
    splitting: true,
    minify: true,
    // Lambda would parse a source map at start. To get one, build the same commit again with `sourcemap`.
    sourcemap: false,
    metafile: true,
    plugins: [requireHttp],
  });
  withoutUnusedRequire(metafile);
  return metafile;
}

export interface Program {
  readonly entries: Entries;
  readonly folder: string;
  /** Packages that are installed with it and not bundled. */
  readonly external: readonly string[];
  /** Files in the same folder that replace modules, by module path. */
  readonly beside?: Entries;
}

/** Bundles programs, each into one file. Not minified, so that stack traces name functions. */
export const bundlePrograms = (program: Program): Promise<Metafile> => bundleForNode(program, false);

/** The same in parts: shared code and every lazy import is in a file of its own, which Node reads when it is needed. */
export const bundleInParts = (program: Program): Promise<Metafile> => bundleForNode(program, true);

async function bundleForNode(
  { entries, folder, external, beside = {} }: Program,
  splitting: boolean,
): Promise<Metafile> {
  const files = Object.entries(beside).map(([module, file]) => [join(ROOT, module), file]);
  const { metafile } = await build({
    ...ESM,
    entryPoints: entries,
    outdir: folder,
    target: "node20",
    splitting,
    external: [...external],
    metafile: true,
    plugins: [requireHttp, shakeKubernetes, loadBeside(Object.fromEntries(files))],
  });
  withoutUnusedRequire(metafile);
  return metafile;
}
