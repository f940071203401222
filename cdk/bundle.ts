/** Bundles the functions for Lambda. Nothing of the CDK in here: tests and benchmarks bundle through it too. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { Rules } from "../functions/ledger/naming-rules.ts";
import { rootsIn } from "../functions/sources/standards/attestation.ts";

export const FUNCTIONS = ["ingest", "questions", "export", "publish"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
/** Functions of the stack that reacts. */
export const LISTENERS = ["execute", "maintain"] as const;
export type ListenerName = (typeof LISTENERS)[number];

const ROOT = fileURLToPath(new URL("..", import.meta.url));

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

/** Bundles one entry file and answers the folder: `index.mjs`, and a chunk for whatever is imported lazily. */
export async function bundle(
  entry: string,
  folder = join(ROOT, ".build", basename(entry, ".ts")),
): Promise<string> {
  // Names of chunks hold a hash: without this the chunks of the bundle before would be deployed too.
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: { index: entry },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    absWorkingDir: ROOT,
    platform: "node",
    target: "node24",
    format: "esm",
    // The default prefers the CommonJS builds of packages, of which nothing unused can be left out.
    mainFields: ["module", "main"],
    bundle: true,
    splitting: true,
    minify: true,
    // Lambda would have to parse a source map on start; who needs one builds this commit again with `sourcemap`.
    sourcemap: false,
    legalComments: "none",
    logLevel: "warning",
    plugins: [requireHttp],
    banner: {
      js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
    },
  });
  return folder;
}

/** Files of the user's that go into the bundles. */
export interface Files {
  /** Naming rules. */
  readonly rules?: string | undefined;
  /** Trusted roots for the signatures on attestations. */
  readonly trustRoots?: string | undefined;
}

/** The file of each function. */
const ENTRIES: Record<FunctionName | ListenerName, string> = {
  ingest: "ingest.ts",
  questions: "query.ts",
  export: "export.ts",
  publish: "publish.ts",
  execute: "execute-redeployment.ts",
  maintain: "silence-alerts.ts",
};

export const entryOf = (name: FunctionName | ListenerName): string =>
  join(ROOT, "functions/runtime/aws", ENTRIES[name]);

/** Bundles those of the functions that are to react. */
export async function bundleListeners(
  names: readonly ListenerName[],
): Promise<Partial<Record<ListenerName, string>>> {
  const bundled = async (name: ListenerName) => [name, await bundle(entryOf(name))] as const;
  return Object.fromEntries(await Promise.all(names.map(bundled)));
}

/** Bundles every function of the ledger, with the user's files beside each. */
export async function bundleAll({ rules, trustRoots }: Files = {}): Promise<Record<FunctionName, string>> {
  // A broken file must fail here, where somebody looks, and not in every function at once after the deployment.
  const checked = rules === undefined ? undefined : Rules.parse(JSON.parse(readFileSync(rules, "utf8")));
  const roots = trustRoots === undefined ? undefined : rootsIn(readFileSync(trustRoots, "utf8")).join("\n");
  const one = async (name: FunctionName): Promise<string> => {
    const folder = await bundle(entryOf(name));
    if (checked !== undefined) writeFileSync(join(folder, RULES), JSON.stringify(checked));
    if (roots !== undefined) writeFileSync(join(folder, TRUST_ROOTS), roots);
    return folder;
  };
  const [ingest, questions, exported, publish] = await Promise.all([
    one("ingest"),
    one("questions"),
    one("export"),
    one("publish"),
  ]);
  return { ingest, questions, export: exported, publish };
}

/** The file of the naming rules inside a bundle. */
export const RULES = "rules.json";
/** The file of trusted roots inside a bundle. */
export const TRUST_ROOTS = "trust-roots.jsonl";
