/** Names that would do harm if a tool or a shell took them for more than names. */
import * as fc from "fast-check";

export const HOSTILE = [
  "a'; rm -rf /",
  'say "hello"',
  "$(touch /tmp/gone)",
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
  "x;y&z|w>v<u",
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
