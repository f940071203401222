/** Commands as data: lists of words, and how a person pastes them into a shell. */
import type { Command } from "../../schemas/plan.ts";

/** Means itself anywhere in a command of any POSIX shell (2.2, "Quoting", names the characters that do not). */
const PLAIN = /^[A-Za-z0-9_@%+:,./=-]+$/;
/** A first word with `=` would set a variable. */
const PROGRAM = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * Words for a POSIX shell, which gives exactly these to the program: in single quotes where something in them means
 * more than itself. One line, unless a word itself holds a line break. No program can be given a NUL.
 */
export const quote = (argv: readonly string[]): string =>
  argv
    .map((word, n) => ((n === 0 ? PROGRAM : PLAIN).test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");

/**
 * A command.
 * @param tool whose it is, as `npx --no -- knex …` is Knex's
 * @param argv the program and its arguments
 */
export const command = (tool: string, ...argv: string[]): Command => ({ tool, argv, shell: quote(argv) });

/**
 * A word that the ledger does not know and a person puts in. In a shell it stands in quotes: left in, it is refused by
 * the tool, as nothing is called so.
 */
export const unknown = (what: string): string => `<${what}>`;

/** A name of free text as it is compared: `Argo CD`, `argo-cd` and `argocd` are one. */
export const spelled = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");
