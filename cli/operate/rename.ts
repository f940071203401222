/** `asof rename`: reports that a service or an environment has another name. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { Rename } from "../../schemas/operation.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import { EXIT, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  at: z.string().optional(),
  create: z.literal(true).optional(),
  json: z.boolean().optional(),
});

const HELP = `
Examples:
  asof rename service acme/billing acme/payments
  asof rename environment production production.eu-1 --at 2026-11-20T09:00:00Z

From then on every answer about it, of whatever time, is under the new name. Reports that still name the old one count for
it, too. The token comes from ASOF_TOKEN or --token-file, and needs the role operator. A wrong rename is retracted
(POST /v1/retractions).

Exit codes:
  0  recorded
  1  refused: one line says why
  2  the command line is invalid
  4  the ledger cannot be reached`;

function renameOf(
  what: "service" | "environment",
  args: readonly string[],
  options: z.infer<typeof Options>,
): Rename {
  const [from, to] = args;
  const { at, create } = options;
  const given = { what, from, to, at, create };
  const parsed = Rename.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  if (!parsed.success) throw new CliError(faultsOf(parsed.error));
  return parsed.data;
}

function addKind(command: Command, what: "service" | "environment", io: Io): void {
  const summary = `a${what === "environment" ? "n" : ""} ${what}`;
  const kind = command
    .command(what)
    .summary(summary)
    .description(`Reports that ${summary} has another name.`);
  withLedgerOptions(kind.argument("<old>", "its name until then").argument("<new>", "its name from then on"))
    .option("--at <time>", "when it got the name, like 2026-11-20T09:00:00Z (default: now)")
    .addOption(new Option("--create", "accepts an old name that the ledger does not know"))
    .option("--json", "print JSON, for programs: the ledger's answer")
    .action(async () => {
      const options = Options.parse(kind.opts());
      const rename = renameOf(what, kind.args, options);
      const answer = await callLedger(ledgerFrom(options, io), (client) => client.rename(rename));
      io.out(options.json === true ? JSON.stringify(answer) : `${rename.from} is called ${rename.to} now`);
      io.end(EXIT.done);
    });
}

export function renameCommand(command: Command, io: Io): Command {
  for (const what of ["service", "environment"] as const) addKind(command, what, io);
  return command.addHelpText("after", HELP);
}
