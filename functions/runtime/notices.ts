/** The licenses of bundled packages, which they require to be included in every copy. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import * as z from "zod";
import { ROOT } from "./bundle.ts";

const Manifest = z.looseObject({ name: z.string(), version: z.string(), license: z.string() });

/** The folders of the packages in the bundles. */
function packagesIn(bundles: readonly Metafile[]): string[] {
  const files = bundles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}

function noticeOf(folder: string): { name: string; text: string } {
  const at = join(ROOT, folder);
  const { name, version, license } = Manifest.parse(
    JSON.parse(readFileSync(join(at, "package.json"), "utf8")),
  );
  const files = readdirSync(at).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.map((file) => readFileSync(join(at, file), "utf8").trim());
  return { name: `${name} ${version} (${license})`, text: texts.join("\n\n") };
}

/** One text in which each license appears once, below the names of its packages. */
export function notices(bundles: readonly Metafile[]): string {
  const namesByText = new Map<string, Set<string>>();
  for (const { name, text } of packagesIn(bundles).map(noticeOf)) {
    namesByText.set(text, (namesByText.get(text) ?? new Set()).add(name));
  }
  const parts = [...namesByText].map(([text, names]) => [...[...names].sort(), "", text].join("\n"));
  return `${parts.sort().join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
