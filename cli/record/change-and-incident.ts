/** `asof record change` and `asof record incident`: what else changed, and when something broke and was over. */
import type { Command } from "commander";
import * as z from "zod";
import { present } from "../../functions/sources/payload.ts";
import { UsageError } from "../error.ts";
import { actorAndUrl, type RecordContext } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";

const maybe = z.string().optional();
const Options = z.looseObject({
  service: maybe,
  everywhere: z.boolean().optional(),
  title: z.string(),
  type: maybe,
  incident: maybe,
  resolved: z.boolean().optional(),
});
type Options = z.infer<typeof Options>;

const withPlace = (command: Command): Command =>
  command
    .option("--environment <name>", "the environment (default: the CI's)")
    .option("--everywhere", "it concerns every environment")
    .option("--service <name>", "the service, like acme/billing (default: all services there)")
    .requiredOption("--title <text>", "what it was, in a line");

/** Without an environment a note counts everywhere, so this has to be said. */
function placeOf({ everywhere, service }: Options, { found, given }: RecordContext): Record<string, string> {
  if (everywhere === true && given.environment !== undefined)
    throw new UsageError("give --environment or --everywhere");
  if (everywhere !== true && found.environment === undefined)
    throw new UsageError("no environment was found: give --environment <name>, or --everywhere");
  return present({ environment: everywhere === true ? undefined : found.environment?.value, service });
}

export const change: Subcommand = {
  name: "change",
  summary: "something else changed: a flag, a secret, infrastructure or data",
  help: `
Examples:
  asof record change --environment production --service acme/billing --type flag --title "vat_eu: off to on"
  asof record change --environment production --type infrastructure --title "terraform: 2 added, 1 changed, 0 destroyed"
  asof record change --everywhere --type secret --title "the payment provider's key was rotated"`,
  options: (command) =>
    withPlace(command).requiredOption(
      "--type <type>",
      "flag, secret, infrastructure, data, or a word of your own",
    ),
  statements: (given, context) => {
    const options = Options.parse(given);
    const { type, title } = options;
    const data = { ...placeOf(options, context), ...present({ type }), title, ...actorAndUrl(context) };
    return [{ kind: "change.noted", data }];
  },
};

export const incident: Subcommand = {
  name: "incident",
  summary: "something broke, or (with --resolved) is over",
  help: `
Examples:
  asof record incident --environment production --service acme/billing --incident INC-7 --title "invoices are empty"
  asof record incident --environment production --service acme/billing --incident INC-7 --title "invoices are empty" --resolved

--incident connects the end with the beginning, where both have one --source.`,
  options: (command) =>
    withPlace(command)
      .option("--type <type>", "its type or severity")
      .requiredOption("--incident <id>", "the incident's own id, like INC-7")
      .option("--resolved", "it is over"),
  statements: (given, context) => {
    const options = Options.parse(given);
    const { type, title, incident, resolved } = options;
    const data = {
      ...placeOf(options, context),
      ...present({ type, incident }),
      title,
      ...actorAndUrl(context),
    };
    return [{ kind: resolved === true ? "incident.resolved" : "incident.opened", data }];
  },
};
