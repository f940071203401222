/** `asof plan`: the steps that run an earlier release again. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { askFor, withPrintOptions } from "../ask/options.ts";
import { call } from "../ask/question.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { givenIn } from "./flags.ts";
import { planQueryFrom, withPlanOptions } from "./options.ts";
import { planLines } from "./view.ts";

const Options = z.looseObject({
  check: z.literal("registry").optional(),
  commands: z.boolean().default(false),
});

/** What `asof redeploy` does not take. */
const ALONE = new Set(["--check", "--commands", "--output", "--json", "--ascii"]);

const HELP = `
Examples:
  asof plan production/billing~1
  asof plan production/billing last friday 14:00
  asof plan -e production -s acme/billing --at 2026-10-23
  asof plan -e production -s acme/billing --last-good --schema revert

It changes nothing; asof redeploy with the same options requests it. The token comes from ASOF_TOKEN or --token-file, and
needs a role that may read.

Exit codes:
  0  the plan is ready
  1  the plan is blocked: the reasons are printed
${EXIT_CODES}`;

export function planCommand(command: Command, io: Io): Command {
  const check = new Option("--check <whom>", "also ask the registries whether the images exist");
  return withPrintOptions(withPlanOptions(command).addOption(check.choices(["registry"])))
    .option("--commands", "whole commands, and what to check before each step")
    .addHelpText("after", HELP)
    .action(async () => {
      const { check, commands } = Options.parse(command.opts());
      const ask = await askFor(command, io);
      const query = await planQueryFrom(command, ask);
      const more = check === undefined ? {} : { check };
      const plan = await call(ask, (client) => client.plan({ ...query, ...more }));
      const isGood = query.last === "good";
      const doIt = `asof redeploy ${givenIn(command, ALONE)}`;
      await ask.print({ answer: plan, lines: planLines(plan, { ...ask, isGood, commands, doIt }) });
      io.end(plan.status === "ready" ? EXIT.done : EXIT.no);
    });
}
