/**
 * `npm run action`: builds the GitHub Action into one file. It is committed, because GitHub runs an Action from its
 * repository; a test compares it with its source.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { ROOT } from "./bundle.ts";
import { notices } from "./notices.ts";

/** `@actions/core` brings an HTTP client and a program starter for functions that are not called here. */
const withoutUnused: Plugin = {
  name: "without-unused",
  setup(build) {
    build.onResolve({ filter: /^(undici|tunnel|@actions\/(exec|http-client).*)$/ }, ({ path, ...options }) =>
      options.pluginData === "resolving"
        ? undefined
        : build
            .resolve(path, { ...options, pluginData: "resolving" })
            .then((resolved) => ({ ...resolved, sideEffects: false })),
    );
  },
};

/** The files of the Action, by their paths. */
export async function actionFiles(): Promise<Record<string, string>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["cli/action/main.ts"],
    outfile: "action/index.js",
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    bundle: true,
    minify: true,
    // The same text wherever the packages are installed.
    preserveSymlinks: true,
    legalComments: "none",
    metafile: true,
    write: false,
    plugins: [withoutUnused],
    banner: {
      js: '// Built from cli/action by `npm run action`.\nimport{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
    },
  });
  return {
    "action/index.js": outputFiles[0]?.text ?? "",
    "action/THIRD-PARTY-NOTICES.txt": notices([metafile]),
  };
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(join(ROOT, "action"), { recursive: true });
  for (const [file, text] of Object.entries(await actionFiles())) writeFileSync(join(ROOT, file), text);
}
