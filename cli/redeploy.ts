/** `asof redeploy`: requests that an earlier release runs again, and waits for the result. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import * as z from "zod";
import type { Plan } from "../schemas/plan.ts";
import { isOver, type Redeployment } from "../schemas/redeployment.ts";
import { callLedger } from "./client.ts";
import { CliError, Unreachable } from "./error.ts";
import { EXIT, EXIT_CODES, type Io } from "./io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "./ledger.ts";
import { formatPlan } from "./plan/format.ts";
import { fetchPlan, type PlanQuery, planQueryFrom, withPlanOptions } from "./plan/options.ts";
import { fetchRedeployment, formatRedeployment } from "./redeployment.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  reason: z.string(),
  yes: z.boolean().optional(),
  wait: z.boolean(),
  json: z.boolean().optional(),
});

const HELP = `
Examples:
  asof redeploy production/billing~1 --reason "invoices are empty"
  asof redeploy --environment production --service acme/billing --last-good --reason "invoices are empty"

It shows the plan and asks for confirmation. Then exactly that plan is requested; if something else runs by then, or the
plan has changed, the ledger refuses. An executor that the ledger knows carries it out. This command only watches: it may
be stopped, and the redeployment goes on. asof plan shows the plan alone.
The token comes from ASOF_TOKEN or --token-file, and needs the role operator.

Exit codes:
  0  it succeeded; with --no-wait: it was requested
  1  it failed or timed out; or nothing was requested: the plan is blocked, or it was not confirmed
${EXIT_CODES}
What was requested goes on, however this command ends.`;

/** The digest that runs now, by the plan. */
const runningIn = ({ components, current }: Plan): string | null =>
  [
    ...components.map(({ from }) => from),
    ...current.components.flatMap(({ digest, reported }) => [digest, reported ?? null]),
  ].find((digest) => digest !== null) ?? null;

/** Every retry has the same idempotency key, so that it is requested once. */
async function requestRedeployment(
  ledger: Ledger,
  query: PlanQuery,
  plan: Plan,
  reason: string,
): Promise<Redeployment> {
  const request = {
    ...query,
    // The plan names the instant that a time like -7d meant when it was made.
    ...(query.at === undefined || plan.at === null ? {} : { at: plan.at }),
    expectedCurrent: runningIn(plan),
    planHash: plan.hash,
    reason,
  };
  const key = randomUUID();
  try {
    const { redeployments } = await callLedger(ledger, (client) => client.redeploy(request, key));
    const [redeployment] = redeployments;
    if (redeployment === undefined) throw new CliError(`${ledger.url} requested nothing`);
    return redeployment;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new Unreachable(`${error.message}; whether it was requested is unknown: see the timeline`);
  }
}

/** Polls until it has ended, and prints every change of its status. */
async function watch(io: Io, ledger: Ledger, first: Redeployment): Promise<Redeployment> {
  let printed: string | undefined;
  for (let seen = first; ; seen = await fetchRedeployment(ledger, first.id)) {
    if (isOver(seen)) return seen;
    if (seen.status !== printed) io.err(formatRedeployment(seen));
    printed = seen.status;
    await setTimeout(io.waitMs);
  }
}

/** Throws a CliError unless the plan is ready and a person has confirmed it. */
async function requireConfirmation(
  { confirm }: Io,
  plan: Plan,
  { yes }: z.infer<typeof Options>,
): Promise<void> {
  const { status, service, environment } = plan;
  if (status === "blocked") throw new CliError("the plan is blocked: nothing was requested");
  if (yes === true) return;
  if (confirm === undefined) throw new CliError("there is no terminal to ask for confirmation: give --yes");
  if (!(await confirm(`Run this in ${environment}, for ${service}?`))) {
    throw new CliError("not confirmed: nothing was requested");
  }
}

/** Words may mean another place than their author thinks: without a question, only exact names count. */
function refuseWordsUnasked(command: Command, { confirm }: Io, { yes }: z.infer<typeof Options>): void {
  if (command.args.length > 0 && (yes === true || confirm === undefined))
    command.error("error: without a question, give the exact names: --environment and --service");
}

export const redeployCommand = (command: Command, io: Io): Command =>
  withLedgerOptions(
    withPlanOptions(command)
      .requiredOption("--reason <text>", "why; it is recorded in the history")
      .option("--yes", "do not ask for confirmation")
      .option("--no-wait", "do not wait until it has ended"),
  )
    .option("--json", "print JSON, for programs: the redeployment")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { json, wait } = options;
      const ledger = ledgerFrom(options, io);
      refuseWordsUnasked(command, io, options);
      const query = await planQueryFrom(command, io, ledger);
      const plan = await fetchPlan(ledger, query);
      for (const line of formatPlan(plan)) (json === true ? io.err : io.out)(line);
      await requireConfirmation(io, plan, options);

      const first = await requestRedeployment(ledger, query, plan, options.reason);
      const last = wait ? await watch(io, ledger, first) : first;
      io.out(json === true ? JSON.stringify(last) : formatRedeployment(last));
      io.end(last.status === "succeeded" || !wait ? EXIT.done : EXIT.no);
    });
