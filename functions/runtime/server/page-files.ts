/** The files of the page that a server serves. */
import { join } from "node:path";
import type { PageFiles } from "../../http/page.ts";
import { pageIn } from "../page-folder.ts";

/** The built page: in the package beside the server; in a clone it is built now, in a moment. */
export async function pageFiles(): Promise<PageFiles> {
  if (import.meta.filename.endsWith(".ts")) return (await (await import("../page.ts")).buildPage()).files;
  return pageIn(join(import.meta.dirname, "page"));
}
