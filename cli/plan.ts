/** `asof plan`: the steps that run an earlier release again. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { EXIT, EXIT_CODES, type Io } from "./io.ts";
import { LedgerOptions, ledgerFrom, withLedgerOptions } from "./ledger.ts";
import { formatPlan } from "./plan/format.ts";
import { fetchPlan, planQueryFrom, withPlanOptions } from "./plan/options.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  check: z.literal("registry").optional(),
  json: z.boolean().optional(),
});

const HELP = `
Examples:
  asof plan production/billing~1
  asof plan production/billing last friday 14:00
  asof plan --environment production --service acme/billing --at 2026-10-23
  asof plan --environment production --service acme/billing --last-good --schema revert

It changes nothing; asof redeploy with the same options requests it. The token comes from ASOF_TOKEN or --token-file, and
needs a role that may read.

Exit codes:
  0  the plan is ready
  1  the plan is blocked: the reasons are printed
${EXIT_CODES}`;

export function planCommand(command: Command, io: Io): Command {
  const check = new Option("--check <whom>", "also ask the registries whether the images exist");
  return withLedgerOptions(withPlanOptions(command).addOption(check.choices(["registry"])))
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { check, json } = options;
      const more = check === undefined ? {} : { check };
      const ledger = ledgerFrom(options, io);
      const plan = await fetchPlan(ledger, await planQueryFrom(command, io, ledger), more);
      for (const line of json === true ? [JSON.stringify(plan)] : formatPlan(plan)) io.out(line);
      io.end(plan.status === "ready" ? EXIT.done : EXIT.no);
    });
}
