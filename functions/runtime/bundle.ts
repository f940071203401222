/** The one configuration of esbuild: functions for Lambda, the programs, and what other packages import. */
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

/** The folder of the whole project. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Loads `http` and `https` through `require`. On Node 24 an ESM import of them reads every export, and one of these
 * getters loads undici: 43 to 61 ms of a cold start, against 5 to 15 ms this way.
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
    // A lazy import of a CommonJS module would see nothing but its default: here the names have to be spelled out.
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

/** Leaves the import of some modules as it is, to load a file beside the bundle instead. */
const besides = (files: Readonly<Record<string, string>>): Plugin => ({
  name: "besides",
  setup(build) {
    build.onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const beside = files[join(resolveDir, path)];
      return beside === undefined || kind === "entry-point" ? undefined : { path: beside, external: true };
    });
  },
});

const ESM: BuildOptions = {
  absWorkingDir: ROOT,
  outExtension: { ".js": ".mjs" },
  platform: "node",
  format: "esm",
  // The default prefers the CommonJS builds of packages, of which nothing unused can be left out.
  mainFields: ["module", "main"],
  bundle: true,
  legalComments: "none",
  logLevel: "warning",
  banner: {
    js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
  },
};

/** Entry files, from the project's folder on, by the names of what is made of them. */
export type Entries = Readonly<Record<string, string>>;

/** Bundles a function for Lambda and answers what is in it: `index.mjs`, and a chunk for whatever is imported lazily. */
export async function bundleFunction(entry: string, folder: string): Promise<Metafile> {
  // Names of chunks hold a hash: without this the chunks of the bundle before would be deployed too.
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...ESM,
    entryPoints: { index: entry },
    outdir: folder,
    target: "node24",
    splitting: true,
    minify: true,
    // Lambda would have to parse a source map on start; who needs one builds this commit again with `sourcemap`.
    sourcemap: false,
    metafile: true,
    plugins: [requireHttp],
  });
  return metafile;
}

export interface Program {
  readonly entries: Entries;
  readonly folder: string;
  /** Packages that are installed beside it. */
  readonly external: readonly string[];
  /** Files of the same folder that are loaded in place of a module, by that module's path. */
  readonly beside?: Entries;
}

/** Bundles programs, each into one file. They are not minified: a stack trace has to name functions. */
export const bundlePrograms = (program: Program): Promise<Metafile> => bundleForNode(program, false);

/** Bundles libraries that are imported together: what they share is in a chunk. */
export const bundleLibraries = (library: Program): Promise<Metafile> => bundleForNode(library, true);

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
    plugins: [requireHttp, besides(Object.fromEntries(files))],
  });
  return metafile;
}
