/** Commands as data: a list of words, and the same command as text to paste into a shell. */
import type { Command } from "../../schemas/plan.ts";

/** Words that need no quotes in a POSIX shell (section 2.2, "Quoting", lists the special characters). */
const PLAIN = /^[A-Za-z0-9_@%+:,./=-]+$/;
/** The same for the first word, in which `=` would set a variable. */
const PROGRAM = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * Quotes words for a POSIX shell, so that the program receives exactly these words. Words with special characters are in
 * single quotes. The result is one line, unless a word contains a line break. Words must not contain NUL.
 */
export const quote = (argv: readonly string[]): string =>
  argv
    .map((word, n) => ((n === 0 ? PROGRAM : PLAIN).test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");

/**
 * @param tool the tool that it runs: Knex for `npx --no -- knex …`
 * @param argv the program and its arguments
 */
export const command = (tool: string, ...argv: string[]): Command => ({ tool, argv, shell: quote(argv) });

/**
 * A placeholder for an unknown word, which a person replaces. It is quoted in the shell, so that a forgotten one reaches
 * the tool, which refuses it as an unknown name.
 */
export const unknown = (what: string): string => `<${what}>`;

/** Normalises a name in free text for comparison: `Argo CD`, `argo-cd` and `argocd` are equal. */
export const spelled = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");
