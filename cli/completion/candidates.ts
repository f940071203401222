/** Lists the words that may come next on a command line. */
import type { Command, Option } from "commander";

/** A command line up to the cursor, as a shell reads it. */
export interface TypedLine {
  /** The complete words, without the program's name. */
  readonly words: readonly string[];
  /** The word at the cursor, perhaps empty. */
  readonly current: string;
  /** The word at the cursor began with this quote, and is not closed. */
  readonly quote?: string;
}

/** A part of a word, as a shell reads it: quoted (perhaps not to its end), escaped, or plain; or a gap between words. */
const PART = /'([^']*)('?)|"((?:[^"\\]|\\.)*)("?)|\\(.?)|(\s+)|([^\s'"\\]+)/gs;

/** Reads words with quotes and backslashes; no expansions. */
export function typedLine(text: string): TypedLine {
  const words: string[] = [""];
  let quote: string | undefined;
  for (const [whole, single, singleEnd, double, doubleEnd, escaped, gap, plain] of text.matchAll(PART)) {
    if (gap !== undefined) words.push("");
    else words.push(`${words.pop()}${single ?? double?.replaceAll(/\\(.)/gs, "$1") ?? escaped ?? plain}`);
    quote = (singleEnd ?? doubleEnd) === "" ? whole.charAt(0) : undefined;
  }
  const current = words.pop() ?? "";
  // The first word is the program's name.
  return { words: words.slice(1), current, ...(quote === undefined ? {} : { quote }) };
}

/** Names of the ledger, asked only where they may come next. */
export interface Names {
  readonly environments: () => Promise<readonly string[]>;
  /** @param environment those of this environment; default: all */
  readonly services: (environment: string | undefined) => Promise<readonly string[]>;
  /** Environments, and ENVIRONMENT/SERVICE. */
  readonly places: () => Promise<readonly string[]>;
  /** REPOSITORY:TAG of the images that run. */
  readonly tags: () => Promise<readonly string[]>;
  readonly contexts: () => readonly string[];
}

const optionNamed = ({ options }: Command, word: string | undefined): Option | undefined =>
  options.find(({ long, short }) => word !== undefined && [long, short].includes(word));

/** The command, or subcommand, that the words name. */
function commandIn(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) command = command.commands.find((one) => one.name() === word) ?? command;
  return command;
}

async function valuesOf(
  { argChoices, long }: Option,
  words: readonly string[],
  names: Names,
): Promise<readonly string[]> {
  if (argChoices !== undefined) return argChoices;
  switch (long) {
    case "--environment":
      return names.environments();
    case "--service": {
      const at = words.findIndex((word) => word === "--environment" || word === "-e");
      return names.services(at < 0 ? undefined : words[at + 1]);
    }
    case "--tag":
      return names.tags();
    case "--context":
      return names.contexts();
    default:
      return [];
  }
}

/** The words of an argument that is a place, or something that has a tag. */
async function namedBy(argument: string, current: string, names: Names): Promise<readonly string[]> {
  if (argument !== "what" && argument !== "place") return [];
  // Before it may be a tag, everything would be one.
  const mayBeTag = argument === "what" && /^[^/]*[.:][^/]*\//.test(current);
  return [...(await names.places()), ...(mayBeTag ? await names.tags() : [])];
}

async function wordsOf(command: Command, current: string, names: Names): Promise<readonly string[]> {
  if (current.startsWith("-"))
    return [...command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])), "--help"];
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const [argument] = command.registeredArguments;
  const named = argument === undefined ? [] : await namedBy(argument.name(), current, names);
  return [...command.commands.map((one) => one.name()), ...choices, ...named];
}

/** Whole words that begin with the current one. */
export async function candidates(
  program: Command,
  { words, current }: TypedLine,
  names: Names,
): Promise<string[]> {
  const command = commandIn(program, words);
  const option = optionNamed(command, words.at(-1));
  const all = await (option?.required === true
    ? valuesOf(option, words, names)
    : wordsOf(command, current, names));
  return [...new Set(all)].filter((word) => word.startsWith(current));
}

/**
 * A candidate as bash takes it: bash breaks words at these characters, so what stands before the last one is left out.
 * What a shell would read as syntax is escaped.
 */
export function forBash(candidate: string, { current, quote }: TypedLine): string {
  if (quote !== undefined) return candidate;
  const broken = /^.*[@=:]/s.exec(current)?.[0].length ?? 0;
  return candidate.slice(broken).replaceAll(/[^\w@%+=:,./~-]/gu, "\\$&");
}
