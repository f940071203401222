/** Style that can be checked is checked here, not in reviews. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "");
const code = tracked.filter((file) => /\.(tsx?|mjs)$/.test(file));
const product = code.filter((file) => !/^(test\/|vitest\.config)/.test(file));
const textOf = (file: string): string => readFileSync(file, "utf8");

/** Files of `where` with a line that matches, as `file:line: text`. */
const lines = (files: readonly string[], pattern: RegExp): string[] =>
  files.flatMap((file) =>
    textOf(file)
      .split("\n")
      .flatMap((line, n) => (pattern.test(line) ? [`${file}:${n + 1}: ${line.trim()}`] : [])),
  );

/** Code without comments, texts, imports and exports: where `as` is a cast. */
const bare = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "")
    .replaceAll(/^(import|export) [\s\S]*?;$/gm, (found) => (/ from "/.test(found) ? "" : found))
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '""');

/** The first folder of a file; of those under `functions`, the second. */
const room = (file: string): string => {
  // The one command that is no client of the API: it runs the server.
  if (file === "cli/serve.ts") return "serve";
  // Serves the page's sources as the build would put them together.
  if (file === "web/vite.config.ts") return "runtime";
  const [first = "", second = ""] = file.split("/");
  return first === "functions" ? second : first;
};

/** Which rooms a room may import from. Imports run one way. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  schemas: ["schemas"],
  ledger: ["schemas", "ledger"],
  seal: ["schemas", "ledger", "seal"],
  queries: ["schemas", "ledger", "queries"],
  plan: ["schemas", "ledger", "queries", "plan"],
  sources: ["schemas", "sources"],
  adapters: ["schemas", "ledger", "seal", "adapters"],
  reactions: ["schemas", "adapters", "reactions"],
  http: ["schemas", "ledger", "seal", "queries", "plan", "sources", "http"],
  runtime: ["schemas", "ledger", "seal", "sources", "adapters", "reactions", "http", "runtime"],
  cdk: ["schemas", "cdk", "ledger", "seal", "sources", "reactions", "adapters", "runtime"],
  cli: ["schemas", "cli", "ledger", "seal", "adapters", "sources", "serve"],
  serve: ["cli", "runtime"],
  // A client of the API in a browser; see below for how it imports schemas.
  web: ["schemas", "web"],
};

/** What a file imports of this project, as a path from its root. */
function importsOf(file: string): string[] {
  const found = [...textOf(file).matchAll(/(?:from|import)\s*\(?"(\.{1,2}\/[^"]+)"/g)].map(
    ([, path]) => path ?? "",
  );
  return found.map((path) => new URL(path, `file:///${file}`).pathname.slice(1));
}

describe("the tree", () => {
  it("holds nothing at its top but the agreed rooms and files", () => {
    const agreed =
      /^(\..+|package(-lock)?\.json|tsconfig\.json|biome\.json|cdk\.json|vitest\.config\.ts|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|LICENSE|Dockerfile|action\.yml|action|cdk|cli|docs|functions|schemas|test|web)$/;
    const others = new Set(
      tracked.map((file) => file.split("/")[0] ?? "").filter((entry) => !agreed.test(entry)),
    );
    expect([...others]).toEqual([]);
  });

  it("imports one way only", () => {
    const wrong = product.flatMap((file) =>
      importsOf(file)
        .filter((target) => !(MAY_IMPORT[room(file)] ?? []).includes(room(target)))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("takes types alone from the schemas into the page, and words, so that their library stays out of it", () => {
    const imports = /^import (?!type )[^;]*from "(\.\.\/)+schemas\/(?!words\/)/m;
    const page = product.filter((file) => room(file) === "web");
    expect(page.length).toBeGreaterThan(0);
    expect(page.filter((file) => imports.test(textOf(file)))).toEqual([]);
    const words = product.filter((file) => file.startsWith("schemas/words/"));
    expect(words.length).toBeGreaterThan(0);
    expect(lines(words, /^import (?!type )(?!.* from "\.\/)/)).toEqual([]);
  });

  it("uses the AWS SDK in the adapters and where functions start only", () => {
    const users = product.filter((file) => /from "@aws-sdk\//.test(textOf(file)));
    expect(users.filter((file) => !["adapters", "runtime"].includes(room(file)))).toEqual([]);
  });

  it("keeps files short enough to be read at once", () => {
    const long = product.filter((file) => textOf(file).split("\n").length > 350);
    expect(long).toEqual([]);
  });

  it("casts nothing and silences no check", () => {
    const casts = product.filter((file) => /\bas\s+(?!const\b)/.test(bare(textOf(file))));
    expect(casts).toEqual([]);
    expect(lines(product, /@ts-(ignore|nocheck|expect-error)|biome-ignore/)).toEqual([]);
  });

  it("skips no test", () => {
    const tests = code.filter((file) => /\.(test|real)\.ts$/.test(file) && file !== "test/tidy.test.ts");
    expect(lines(tests, /\b(it|test|describe)\.(skip|skipIf|runIf|only|todo|fails)\b/)).toEqual([]);
  });

  it("names no host of a package registry in its lock files", () => {
    const locks = tracked.filter((file) => /(^|\/)package-lock\.json$/.test(file));
    expect(locks).toHaveLength(3);
    expect(lines(locks, /"resolved": "http/)).toEqual([]);
  });

  it("speaks of no machine's paths", () => {
    const readable = tracked.filter(
      (file) => /\.(ts|mjs|md|json|sh)$|^\.ci\//.test(file) && !file.startsWith("test/golden/"),
    );
    expect(lines(readable, /\/(work|farm|home|root)\/[a-z]/)).toEqual([]);
  });
});
