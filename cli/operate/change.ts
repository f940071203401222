/** Shared by every command that changes something: it takes exact names, and asks for confirmation. */
import type { Command } from "commander";
import { type Ask, readingBy } from "../ask/options.ts";
import { CliError, UsageError } from "../error.ts";
import type { Io } from "../io.ts";

export interface Place {
  readonly environment: string;
  readonly service: string;
}

interface Consent {
  readonly yes?: boolean | undefined;
}

/** Words may mean another place than their author thinks: without a question, only exact names count. */
export function requireExact(command: Command, { confirm }: Io, { yes }: Consent): void {
  if (command.args.length > 0 && (yes === true || confirm === undefined))
    command.error("error: without a question, give the exact names: --environment and --service");
}

/** The place that the options or the words name, whole. Throws a CliError where they name anything else, or several. */
export async function anyPlaceToChange(
  command: Command,
  ask: Ask,
): Promise<{ readonly environment: string; readonly service?: string }> {
  const { environment, service } = ask.options;
  if (environment !== undefined) return { environment, ...(service === undefined ? {} : { service }) };
  if (command.args.length === 0)
    return command.error("error: give a place like production/billing, or --environment and --service");
  const { what, when } = await readingBy(ask, command, command.args, { only: "environments" });
  if (what.is !== "place" || what.back > 0 || when !== undefined)
    throw new UsageError(`${command.args.join(" ")}: give a place, like production or production/billing`);
  const { environment: named, service: own } = what;
  return { environment: named, ...(own === undefined ? {} : { service: own }) };
}

/** As `anyPlaceToChange`, with a service. */
export async function placeToChange(command: Command, ask: Ask): Promise<Place> {
  const { environment, service } = await anyPlaceToChange(command, ask);
  if (service === undefined)
    throw new UsageError(`${environment}: name a service, too, like ${environment}/billing`);
  return { environment, service };
}

/** Throws a CliError unless `--yes` was given or a person says yes. @param otherwise what did not happen */
export async function confirmed(
  { confirm }: Io,
  { yes }: Consent,
  question: string,
  otherwise: string,
): Promise<void> {
  if (yes === true) return;
  if (confirm === undefined)
    throw new CliError(`there is no terminal to ask for confirmation: give --yes; ${otherwise}`);
  if (!(await confirm(question))) throw new CliError(`not confirmed: ${otherwise}`);
}
