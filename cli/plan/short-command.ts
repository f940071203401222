/** Shortens a command to one line of a terminal: it shows what the command does, and is not for copying. */
import type { Command } from "../../schemas/plan.ts";
import { shortIds } from "../ask/words-for.ts";

const MANY = 60;

/** A script is left out, a digest and a commit are shortened. */
const shortWord = (word: string): string => (word.length > MANY && /\s/.test(word) ? "…" : shortIds(word));

/** Options in one `…`, wherever they stand. */
const withoutOptions = (words: readonly string[]): string[] =>
  words.flatMap((word, n) => {
    const isOption = (one: string | undefined) => one !== undefined && (one.startsWith("--") || one === "…");
    if (!isOption(word)) return word;
    return isOption(words[n - 1]) ? [] : "…";
  });

/** A pinned image without its host and path: `billing=…@180e0863`. */
const withoutRepository = (word: string): string => word.replace(/[\w.:-]+(\/[\w.:-]+)+@/, "…@");

/** @param width characters, at most */
export function shortCommand({ argv }: Command, width: number): string {
  // The name that a script is given for itself says nothing.
  const isScript = argv[0] === "sh" && argv[1] === "-c";
  const words = argv
    .map((word, n) => (isScript && n === 2 ? "…" : shortWord(word)))
    .filter((word, n) => word !== "" && !(isScript && n === 3));
  const shorter = withoutOptions(words);
  const ways = [words, shorter, shorter.map(withoutRepository)].map((way) => way.join(" "));
  const fitting = ways.find((way) => way.length <= width);
  return fitting ?? `${(ways.at(-1) ?? "").slice(0, Math.max(1, width - 1))}…`;
}
