/** The files of the built command line that a run reads: Node parses all of them before the first line runs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { CLI } from "../programs.ts";

const STATIC = /^(?:import|export)\b[^;]*?from "\.\/([^"]+)";|^import "\.\/([^"]+)";/gm;

/** The text of a file with those that it imports other than lazily. */
function readWith(file: string, read = new Map<string, string>()): string {
  if (!read.has(file)) {
    const text = readFileSync(join(dirname(CLI), file), "utf8");
    read.set(file, text);
    for (const [, one, other] of text.matchAll(STATIC)) readWith(one ?? other ?? "", read);
  }
  return [...read.values()].join("\n");
}

it("reads the list of commands and no schema for the help", () => {
  const read = readWith("asof.mjs");
  expect(read).toContain("// cli/commands.ts");
  expect(read).not.toContain("/zod/");
});

it("reads a command's options without the schemas of answers", () => {
  const [, show = ""] = /import\("\.\/(show-\w+\.mjs)"\)/.exec(readWith("asof.mjs")) ?? [];
  const read = readWith(show);
  expect(read).toContain("// cli/ask/show.ts");
  expect(read).not.toContain("// schemas/answer.ts");
  expect(read).not.toContain("/chrono-node/");
});
