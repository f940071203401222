/** Builds the page: its files with hashed names, and the HTML that names them. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile, transform } from "esbuild";
import { ROOT } from "./bundle.ts";

const WEB = join(ROOT, "web");
const THEMES = join(ROOT, "node_modules/@primer/primitives/dist/css/functional/themes");
const FILES: readonly (readonly [scheme: string, vision: string, file: string])[] = [
  ["light", "normal", "light"],
  ["light", "contrast", "light-high-contrast"],
  ["light", "colorblind", "light-colorblind"],
  ["dark", "normal", "dark"],
  ["dark", "contrast", "dark-high-contrast"],
  ["dark", "colorblind", "dark-colorblind"],
];

/** Primer's colours for each scheme. @param isUsed of which those that the page uses are taken */
export function colours(isUsed: (name: string) => boolean = () => true): string {
  return FILES.map(([scheme, vision, file]) => {
    const text = readFileSync(join(THEMES, `${file}.css`), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
    const found = new Map(
      [...text.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name = "", value]) => [name, value]),
    );
    const own = [...found].flatMap(([name, value]) => (isUsed(name) ? [`${name}:${value};`] : []));
    return `:root[data-scheme="${scheme}"][data-vision="${vision}"]{${own.join("")}}`;
  }).join("\n");
}

/** The HTML with the names of its files in place of those that it was written with. */
export const withFiles = (html: string, files: Readonly<Record<string, string>>): string =>
  Object.entries(files).reduce((text, [name, file]) => text.replace(`{${name}}`, file), html);

const hashed = (name: string, text: string): string => {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 10);
  return name.replace(/(\.\w+)$/, `-${hash}$1`);
};

async function bundle(entry: string): Promise<{ text: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(WEB, entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    minify: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  return { text: outputFiles[0]?.text ?? "", metafile };
}

/** The page's files by name, and esbuild's metafile. */
export interface BuiltPage {
  readonly files: Readonly<Record<string, string>>;
  readonly metafile: Metafile;
}

export async function buildPage(): Promise<BuiltPage> {
  const [main, theme] = await Promise.all([bundle("main.tsx"), bundle("theme.ts")]);
  const css = readFileSync(join(WEB, "style.css"), "utf8");
  const used = new Set([css, main.text].flatMap((text) => text.match(/--[\w-]+/g) ?? []));
  const style = await transform(`${colours((name) => used.has(name))}\n${css}`, {
    loader: "css",
    minify: true,
  });
  const texts = Object.entries({ "main.js": main.text, "theme.js": theme.text, "style.css": style.code });
  const names = Object.fromEntries(texts.map(([name, text]) => [name, hashed(name, text)]));
  const html = withFiles(readFileSync(join(WEB, "index.html"), "utf8"), names);
  const files = Object.fromEntries(texts.map(([name, text]) => [names[name] ?? name, text]));
  return { files: { ...files, "index.html": html }, metafile: main.metafile };
}

/** Writes the page into a folder, and returns esbuild's metafile. */
export async function writePage(folder: string): Promise<Metafile> {
  const { files, metafile } = await buildPage();
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return metafile;
}
