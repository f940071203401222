/** Writes parameters of the API as options of the command line. */
import type { Command } from "commander";
import { quoted } from "../ask/words.ts";

const OTHERWISE: Readonly<Record<string, string>> = {
  version: "--image-version",
  acceptConfiguration: "--accept-config",
};

/** The option of a parameter: `acceptDataLoss` is `--accept-data-loss`, `version` `--image-version`. */
const optionOf = (parameter: string): string =>
  OTHERWISE[parameter] ?? `--${parameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Parameters with their values as options: `acceptShared=a,b` is `--accept-shared a --accept-shared b`. */
export const flagsOf = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) =>
      value === "true"
        ? optionOf(name)
        : value.split(",").map((one) => `${optionOf(name)} ${one === "…" ? one : quoted(one)}`),
    )
    .join(" ");

/** A message of the API, with options where it names parameters. */
export const inFlags = (message: string): string =>
  message.replaceAll(
    /\b(accept[A-Z]\w*|schema|config|digest|tag|at)=([^\s;)]+)/g,
    (_, name: string, value: string) => flagsOf({ [name]: value }),
  );

const ofOption = (long: string, value: unknown): string[] => {
  if (value === true) return [long];
  if (Array.isArray(value)) return value.flatMap((one) => ofOption(long, one));
  return [long, quoted(String(value))];
};

/** The words and options that were given, for another command that takes them, too. @param others options that it lacks */
export const givenIn = (command: Command, others: ReadonlySet<string>): string =>
  [
    ...command.args.map(quoted),
    ...command.options.flatMap((option) => {
      const { long } = option;
      const name = option.attributeName();
      const isGiven = command.getOptionValueSource(name) === "cli";
      return long == null || !isGiven || others.has(long) ? [] : ofOption(long, command.getOptionValue(name));
    }),
  ].join(" ");
