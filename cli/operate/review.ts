/** `asof review`: records the review of a change that took effect already. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { UsageError } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "../ledger/ledger.ts";

const VERDICTS = ["accepted", "rejected"] as const;
const Options = z.looseObject({
  ...LedgerOptions.shape,
  verdict: z.enum(VERDICTS),
  comment: z.string(),
  json: z.boolean().optional(),
});

const HELP = `
Example:
  asof review /ci/acme/billing deploy/77 --verdict accepted --comment "rolled back at night; the missing test is added"

The audit report names source and id of each change. What a control finds there waits for a review until its day is over;
then it is overdue. The newest review of a change counts, and the earlier ones stay in the history.
The token comes from ASOF_TOKEN or --token-file. It needs the role operator or admin, and grants for where the change was.

Exit codes:
  0  recorded, now or before
${EXIT_CODES}`;

/** Source and id of a change: two arguments, or one with a space between them as the report has it. */
function changeOf(change: string, given: string | undefined): { source: string; id: string } {
  if (given !== undefined) return { source: change, id: given };
  const [, source, id] = /^(\S+) (.+)$/.exec(change) ?? [];
  if (source === undefined || id === undefined)
    throw new UsageError(`${change}: give source and id of the change, as the audit report names them`);
  return { source, id };
}

export const reviewCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(
    command
      .argument("<change>", "the source of the change's fact")
      .argument("[id]", "its id")
      .addOption(new Option("--verdict <verdict>", "what was found").choices(VERDICTS).makeOptionMandatory())
      .requiredOption("--comment <text>", "why, and what follows from it"),
  )
    .option("--json", "print JSON, for programs: the ledger's answer")
    .addHelpText("after", HELP)
    .action(async (change: string, id: string | undefined) => {
      const { verdict, comment, json, ...options } = Options.parse(command.opts());
      const target = changeOf(change, id);
      const answer = await callLedger(ledgerFrom(options, io), (client) =>
        client.review({ ...target, verdict, comment }),
      );
      const [{ outcome = "" } = {}] = answer.outcomes;
      io.out(
        json === true ? JSON.stringify(answer) : `${outcome}: the review of ${target.source} ${target.id}`,
      );
      io.end(EXIT.done);
    });
