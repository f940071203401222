/** Finds the code that a program on a plain machine runs: a commit in a file next to it, else a package's version. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { sha, tag } from "../../schemas/scalars.ts";
import type { RunningService } from "./machine-services.ts";

const Package = z.looseObject({ version: z.string() });

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

/** The commit in a file, which may hold more after it; undefined if it holds none. */
function commitIn(file: string): string | undefined {
  const [word = ""] = (textOf(file) ?? "").trim().split(/\s/);
  const { success, data } = sha.safeParse(word.toLowerCase());
  return success ? data : undefined;
}

function versionIn(folder: string): string | undefined {
  try {
    return Package.parse(JSON.parse(textOf(join(folder, "package.json")) ?? "")).version;
  } catch {
    return undefined;
  }
}

/** What is known of a program. */
export interface Program {
  readonly folder: string | undefined;
  readonly commit?: string | undefined;
  readonly version?: string | undefined;
}

/** What an observation says of a program without an image; undefined if nothing says which code it runs. */
export function codeOf(
  { folder, commit, version }: Program,
  commitFile: string,
): RunningService["shown"] | undefined {
  const known = commit ?? (folder === undefined ? undefined : commitIn(resolve(folder, commitFile)));
  if (known !== undefined) return { components: [{ component: "main" }], commit: { sha: known } };
  const { data } = tag.safeParse(version ?? (folder === undefined ? undefined : versionIn(folder)));
  return data === undefined ? undefined : { components: [{ component: "main", tag: data }] };
}
