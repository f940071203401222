/**
 * Names that mean something to a shell or to a tool. Where a test of these fails, a shell may have run them: so none of
 * them does any harm.
 */
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";

export const HOSTILE = [
  "a'; exit 9; '",
  'say "hello"',
  "$(exit 9)",
  "`id`",
  `\${HOME}`,
  "--all",
  "-rf",
  "--namespace=kube-system",
  "acme/--all",
  "--",
  "-",
  "*",
  "~",
  "!!",
  "#none",
  ":/",
  "../../etc",
  "two\nlines",
  "\r\t",
  "a=b",
  "x;y&z|w>/dev/null<u",
  "\\",
  "\\(env)",
  "naïve ünïcode 🚢",
  "",
] as const;

/** Anything that a program can be given as an argument: all but NUL. */
export const word = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  fc.string({ unit: "grapheme-ascii" }),
);

/** The words that a real shell makes of each command line. One shell reads them all: starting one takes far longer. */
export function takenByShell(lines: readonly string[]): string[][] {
  // The number of the words goes first, since a word may be empty or anything else.
  const script = lines.map((line) => `set -- ${line}\nprintf '%s\\0' "$#" "$@"\n`).join("");
  const said = execFileSync("sh", ["-s"], { encoding: "utf8", input: script, maxBuffer: 2 ** 28 }).split(
    "\0",
  );
  const taken: string[][] = [];
  for (let at = 0; at < said.length - 1; ) {
    const count = Number(said[at]);
    taken.push(said.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return taken;
}
