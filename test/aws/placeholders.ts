/** Bundles of functions that do nothing: what a function does is of no concern to its place in the architecture. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXPORT_JOB, FUNCTIONS, LISTENERS } from "../../cdk/functions.ts";

/** Makes them in a folder, and answers it. */
export function placeholders(folder: string): string {
  for (const name of [...FUNCTIONS, EXPORT_JOB, ...LISTENERS]) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "index.mjs"), "export const handler = () => {};");
  }
  return folder;
}
