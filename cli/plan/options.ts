/** What is to run again, and what is put up with for it: the options of `asof plan` and `asof redeploy`. */
import { type Command, Option } from "commander";
import * as z from "zod";
import { Plan } from "../../schemas/plan.ts";
import { ask } from "../client.ts";
import type { Ledger } from "../ledger.ts";

const several = (value: string, before: string[]): string[] => [...before, value];

const AIMS = ["at", "digest", "lastGood"];

/** One of the ways to say what is gone back to. */
const aim = (flags: string, description: string): Option => {
  const option = new Option(flags, description);
  return option.conflicts(AIMS.filter((name) => name !== option.attributeName()));
};

export const withQuestion = (command: Command): Command =>
  command
    .requiredOption("--environment <name>", "where")
    .requiredOption("--service <name>", "what, like acme/billing")
    .addOption(aim("--at <time>", "what ran then: RFC 3339, or a date (the end of that day, UTC)"))
    .addOption(aim("--digest <digest>", "the release that last ran this image there"))
    .addOption(aim("--last-good", "the newest release before this one with other images, none marked as bad"))
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
export type Question = Readonly<Record<string, string | true | readonly string[]>>;

/** Ends the command where it does not say what is gone back to. */
export function questionOf(command: Command): Question {
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

/** Asks for the plan of a question. Throws what `ask` does. */
export function planOf(ledger: Ledger, question: Question, more: Question = {}): Promise<Plan> {
  const parameters = Object.entries({ ...question, ...more }).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(",") : String(value),
  ]);
  return ask(ledger, Plan, { path: `/v1/plan?${new URLSearchParams(parameters)}` });
}
