/** What is to run again, and what is put up with for it: the options of `asof plan` and `asof redeploy`. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { Plan } from "../../schemas/plan.ts";
import { callLedger } from "../client.ts";
import type { Ledger } from "../ledger.ts";

const several = (value: string, before: string[]): string[] => [...before, value];

const TARGETS = ["at", "digest", "lastGood"];

/** One of the ways to say what is gone back to. */
const targetOption = (flags: string, description: string): Option => {
  const option = new Option(flags, description);
  return option.conflicts(TARGETS.filter((name) => name !== option.attributeName()));
};

export const withPlanOptions = (command: Command): Command =>
  command
    .requiredOption("--environment <name>", "where")
    .requiredOption("--service <name>", "what, like acme/billing")
    .addOption(targetOption("--at <time>", "what ran then: RFC 3339, or a date (the end of that day, UTC)"))
    .addOption(targetOption("--digest <digest>", "the release that last ran this image there"))
    .addOption(
      targetOption("--last-good", "the newest release before this one with other images, none marked as bad"),
    )
    .addOption(
      new Option("--schema <choice>", "what becomes of migrations applied since").choices(["keep", "revert"]),
    )
    .option("--accept-data-loss", "reverts may lose data, where nobody said that they lose none")
    .option(
      "--accept-substitute <digest>",
      "an image that may stand in for one that is gone; may be given several times",
      several,
      [],
    )
    .option(
      "--accept-shared <service>",
      "a service under which a database may be reverted; may be given several times",
      several,
      [],
    );

const maybe = z.string().optional();
const Options = z.looseObject({
  environment: z.string(),
  service: z.string(),
  at: maybe,
  digest: maybe,
  lastGood: z.literal(true).optional(),
  schema: maybe,
  acceptDataLoss: z.literal(true).optional(),
  acceptSubstitute: z.array(z.string()),
  acceptShared: z.array(z.string()),
});

/** As the ledger's doors name it. */
export type PlanQuery = Readonly<Record<string, string | true | readonly string[]>>;

/** Ends the command where it does not say what is gone back to. */
export function planQueryFrom(command: Command): PlanQuery {
  const { lastGood, ...given } = Options.parse(command.opts());
  const { environment, service, at, digest, schema, acceptDataLoss, acceptSubstitute, acceptShared } = given;
  const last = lastGood === true ? "good" : undefined;
  if (at === undefined && digest === undefined && last === undefined) {
    command.error("error: give one of --at, --digest and --last-good");
  }
  const all = { environment, service, at, digest, last, schema, acceptDataLoss };
  const lists = { acceptSubstitute, acceptShared };
  return Object.fromEntries([
    ...Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ...Object.entries(lists).filter(([, values]) => values.length > 0),
  ]);
}

/** Asks for the plan of a query. Throws what `callLedger` does. */
export function fetchPlan(ledger: Ledger, query: PlanQuery, more: PlanQuery = {}): Promise<Plan> {
  const parameters = Object.entries({ ...query, ...more }).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(",") : String(value),
  ]);
  return callLedger(ledger, Plan, { path: `/v1/plan?${new URLSearchParams(parameters)}` });
}
