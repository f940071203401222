/** The inputs of the GitHub Action are the options of the command that it runs, by the same names. */
import { Command, type Option } from "commander";
import { gateCommand } from "../ask/gate.ts";
import type { Io } from "../io.ts";
import { recordCommand } from "../record/command.ts";

/** Options that are the Action's own business: it prints and reads JSON, and a job has no file of tokens or contexts. */
const OWN: ReadonlySet<string> = new Set(["json", "token-file", "replay", "url", "context"]);

export const commands = async (io: Io): Promise<Command[]> => [
  recordCommand(new Command("record"), io),
  gateCommand(new Command("gate"), io),
];

/** The name of an input: that of the option, without `no-`. */
const inputOf = ({ long }: Option): string => (long ?? "").replace(/^--(no-)?/, "");

/** The options of a command by their inputs, those of the commands above it, too. Undefined: there is no such command. */
export async function optionsOf(name: string, io: Io): Promise<Map<string, Option> | undefined> {
  const [record, gate] = await commands(io);
  const sub = record?.commands.find((one) => one.name() === name);
  const given = name === "gate" ? gate?.options : sub && [...(record?.options ?? []), ...sub.options];
  const own = given?.filter((option) => !OWN.has(inputOf(option)));
  return own && new Map(own.map((option) => [inputOf(option), option]));
}

/** The names of the commands that the Action runs. */
export async function commandNames(io: Io): Promise<string[]> {
  const [record] = await commands(io);
  return [...(record?.commands ?? []).map((one) => one.name()), "gate"];
}

/** The arguments for an input. A repeatable option takes a line each; a switch takes `true`, one that is on `false`. */
function argumentsFor(option: Option, value: string): string[] {
  const flag = option.long ?? "";
  if (value === "") return [];
  if (option.optional && value === "true") return [flag];
  if (!option.required && !option.optional) return value === (option.negate ? "false" : "true") ? [flag] : [];
  const values = Array.isArray(option.defaultValue)
    ? value.split("\n").filter((line) => line.trim() !== "")
    : [value];
  return values.map((one) => `${flag}=${one.trim()}`);
}

/** The command line for a command and its inputs. */
export function argumentsOf(
  name: string,
  options: ReadonlyMap<string, Option>,
  input: (name: string) => string,
): string[] {
  const flags = [...options].flatMap(([given, option]) => argumentsFor(option, input(given)));
  return [...(name === "gate" ? ["gate"] : ["record", name]), ...flags, "--json"];
}
