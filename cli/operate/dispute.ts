/** `asof dispute`: says that a recorded fact is wrong. */
import type { Command } from "commander";
import * as z from "zod";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const Options = z.looseObject({ ...LedgerOptions.shape, reason: z.string(), json: z.boolean().optional() });

const HELP = `
Example:
  asof dispute /ci/acme/billing deploy/77 --reason "nobody deployed this"

Answers name the source and id of each fact that they rest on. The fact stays, and answers that rest on it carry the warning
disputed, with your token's name and the reason; only an admin can retract it. A fact is disputed at most once.
The token comes from ASOF_TOKEN or --token-file. It needs the role writer or operator, and grants for what the fact is about.

Exit codes:
  0  disputed, now or before for the same reason
${EXIT_CODES}`;

export const disputeCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(
    command
      .argument("<source>", "the source of the fact")
      .argument("<id>", "its id")
      .requiredOption("--reason <text>", "what is wrong with it"),
  )
    .option("--json", "print JSON, for programs: the ledger's answer")
    .addHelpText("after", HELP)
    .action(async (source: string, id: string) => {
      const options = Options.parse(command.opts());
      const ledger = ledgerFrom(options, io);
      const answer = await callLedger(ledger, (client) =>
        client.dispute({ source, id, reason: options.reason }),
      );
      const [{ outcome = "" } = {}] = answer.outcomes;
      io.out(options.json === true ? JSON.stringify(answer) : `${outcome}: the dispute of ${source} ${id}`);
      io.end(EXIT.done);
    });
