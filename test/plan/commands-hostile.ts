/**
 * Names that mean something to a shell or to a tool. Where a test of these fails, a shell may have run them: so none of
 * them does any harm.
 */
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
