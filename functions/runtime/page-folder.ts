/** The files of a built page, in a folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PageFiles } from "../http/page.ts";

export const pageIn = (folder: string): PageFiles =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
