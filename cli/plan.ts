/** `asof plan`: what it takes to run a release again. */
import { Command, Option } from "commander";
import * as z from "zod";
import { EXIT, type Io } from "./io.ts";
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
  asof plan --environment production --service acme/billing --at 2026-10-23
  asof plan --environment production --service acme/billing --last-good --schema revert

It asks and changes nothing; asof redeploy with the same options has it done. The token comes from ASOF_TOKEN or
--token-file, and needs a role that may ask.

Exit codes:
  0  the plan is ready
  1  the plan is blocked, or the ledger refused: what is in the way is said
  2  the command cannot be understood
  4  the ledger cannot be reached`;

export function planCommand(io: Io): Command {
  const summary = "shows what it takes to run a release again";
  const command = withPlanOptions(new Command("plan").summary(summary).description(summary)).addOption(
    new Option("--check <whom>", "ask the registries, too, whether the images are there").choices([
      "registry",
    ]),
  );
  return withLedgerOptions(command)
    .option("--json", "print JSON, for programs")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { check, json } = options;
      const more = check === undefined ? {} : { check };
      const plan = await fetchPlan(ledgerFrom(options, io), planQueryFrom(command), more);
      for (const line of json === true ? [JSON.stringify(plan)] : formatPlan(plan)) io.out(line);
      io.end(plan.status === "ready" ? EXIT.done : EXIT.refused);
    });
}
