/** The files of the page that a server serves. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The built page by file name: in the package beside the server; in a clone it is built now, in a moment. */
export async function pageFiles(): Promise<Readonly<Record<string, string>>> {
  if (import.meta.filename.endsWith(".ts")) return (await (await import("../page.ts")).buildPage()).files;
  const folder = join(import.meta.dirname, "page");
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}
