/** `asof context`: the ledgers that this person uses, by name. */
import { resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { UsageError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { type Contexts, chosenContext, contextsOf, saveContexts } from "./contexts.ts";

const Options = z.looseObject({
  url: z.string().optional(),
  tokenFile: z.string().optional(),
  json: z.boolean().optional(),
});

const HELP = `
  asof context add production --url https://ledger.acme.example --token-file ~/.asof-token
  asof context use production
  asof context list

Which ledger a command uses, each over those before it: the current context, the one that a file .asof.json in this folder
or one above it names ({"context": "production"}), the variables (ASOF_CONTEXT, ASOF_URL, ASOF_TOKEN), the options (--context,
--url, --token-file). A context without a token file uses ASOF_TOKEN, or what asof login keeps of its ledger.`;

function change(io: Io, by: (contexts: Contexts) => Contexts): void {
  saveContexts(by(contextsOf(io)), io);
  io.end(EXIT.done);
}

const known = ({ contexts }: Contexts, name: string): void => {
  if (contexts[name] === undefined)
    throw new UsageError(`there is no context ${name}: see asof context list`);
};

function add(name: string, options: z.infer<typeof Options>, io: Io): void {
  const { url, tokenFile } = options;
  if (url === undefined) throw new UsageError("--url: a context is of one ledger: give its address");
  const context = { url, ...(tokenFile === undefined ? {} : { tokenFile: resolve(tokenFile) }) };
  change(io, ({ current = name, contexts }) => ({ current, contexts: { ...contexts, [name]: context } }));
}

function list({ json }: z.infer<typeof Options>, io: Io): void {
  const { contexts } = contextsOf(io);
  const chosen = chosenContext(undefined, io);
  if (json === true) io.out(JSON.stringify({ chosen: chosen?.name ?? null, contexts }));
  else {
    for (const [name, { url, tokenFile }] of Object.entries(contexts)) {
      const parts = [name, url, ...(tokenFile === undefined ? [] : [tokenFile])];
      io.out(
        chosen?.name === name ? `* ${[...parts, `by ${chosen.by}`].join("  ")}` : `  ${parts.join("  ")}`,
      );
    }
    if (Object.keys(contexts).length === 0) io.out("none: asof context add NAME --url URL");
  }
  io.end(EXIT.done);
}

export function contextCommand(command: Command, io: Io): Command {
  const sub = (name: string, summary: string) => command.command(name).summary(summary).description(summary);
  sub("list", "lists them, and says which one is in effect, and why")
    .option("--json", "print JSON, for programs")
    .action((options: unknown) => list(Options.parse(options), io));
  sub("add", "adds one, or changes it")
    .argument("<name>")
    .option("--url <url>", "the ledger's address")
    .option("--token-file <file>", "a file that holds the token")
    .action((name: string, options: unknown) => add(name, Options.parse(options), io));
  sub("use", "makes one the current one")
    .argument("<name>")
    .action((name: string) =>
      change(io, (all) => {
        known(all, name);
        return { ...all, current: name };
      }),
    );
  sub("remove", "removes one")
    .argument("<name>")
    .action((name: string) =>
      change(io, (all) => {
        known(all, name);
        const { [name]: _, ...contexts } = all.contexts;
        return all.current === name ? { contexts } : { ...all, contexts };
      }),
    );
  return command.addHelpText("after", HELP);
}
