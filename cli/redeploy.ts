/** `asof redeploy`: has a release run again what ran before. One click, from a terminal. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import * as z from "zod";
import type { Plan } from "../schemas/plan.ts";
import { isOver, type Redeployment, Redeployments } from "../schemas/redeployment.ts";
import { callLedger } from "./client.ts";
import { CliError } from "./error.ts";
import { EXIT, type Io } from "./io.ts";
import { type Ledger, LedgerOptions, ledgerFrom, withLedgerOptions } from "./ledger.ts";
import { formatPlan } from "./plan/format.ts";
import { fetchPlan, type PlanQuery, planQueryFrom, withPlanOptions } from "./plan/options.ts";
import { fetchRedeployment, formatRedeployment } from "./redeployment.ts";
import { Unreachable } from "./request.ts";

const Options = z.looseObject({
  ...LedgerOptions.shape,
  reason: z.string(),
  yes: z.boolean().optional(),
  wait: z.boolean(),
  json: z.boolean().optional(),
});

const HELP = `
Example:
  asof redeploy --environment production --service acme/billing --last-good --reason "invoices are empty"

It asks for the plan, shows it, and asks for a yes. The ledger then requests exactly that plan, and nothing if
meanwhile something else runs or the plan has changed. Whoever carries it out is an executor that the ledger knows;
this command only watches, and may be stopped: the redeployment goes on. asof plan shows the plan alone.
The token comes from ASOF_TOKEN or --token-file, and needs the role operator.

Exit codes:
  0  it succeeded; with --no-wait: it was requested
  1  nothing was requested: the plan is blocked, the ledger refused, or nobody said yes
  2  the command cannot be understood
  3  it failed or timed out
  4  the ledger cannot be reached; what was requested goes on`;

/** What runs now, as the plan says it. */
const runningIn = ({ components, current }: Plan): string | null =>
  [
    ...components.map(({ from }) => from),
    ...current.components.flatMap(({ digest, reported }) => [digest, reported ?? null]),
  ].find((digest) => digest !== null) ?? null;

/** Each try has the same key, so that it is requested once. */
async function requestRedeployment(
  ledger: Ledger,
  query: PlanQuery,
  plan: Plan,
  reason: string,
): Promise<Redeployment> {
  const body = { ...query, expectedCurrent: runningIn(plan), planHash: plan.hash, reason };
  const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
  const request = { path: "/v1/redeployments", method: "POST", headers, body: JSON.stringify(body) } as const;
  try {
    const [redeployment] = (await callLedger(ledger, Redeployments, request)).redeployments;
    if (redeployment === undefined) throw new CliError(`${ledger.url} requested nothing`);
    return redeployment;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new Unreachable(`${error.message}; whether it was requested is not known: look at the timeline`);
  }
}

/** Looks again and again until it is over, and tells of every change on the way. */
async function watch(io: Io, ledger: Ledger, first: Redeployment): Promise<Redeployment> {
  let told: string | undefined;
  for (let seen = first; ; seen = await fetchRedeployment(ledger, first.id)) {
    if (isOver(seen)) return seen;
    if (seen.status !== told) io.err(formatRedeployment(seen));
    told = seen.status;
    await setTimeout(io.waitMs);
  }
}

/** Throws a CliError unless it can be done, and somebody wants it. */
async function requireConfirmation(
  { confirm }: Io,
  plan: Plan,
  { yes }: z.infer<typeof Options>,
): Promise<void> {
  const { status, service, environment } = plan;
  if (status === "blocked") throw new CliError("the plan is blocked: nothing was requested");
  if (yes === true) return;
  if (confirm === undefined) throw new CliError("there is no terminal to ask for a yes: give --yes");
  if (!(await confirm(`Run this in ${environment}, for ${service}?`))) {
    throw new CliError("nobody said yes: nothing was requested");
  }
}

export function redeployCommand(io: Io): Command {
  const summary = "has a release run again, by whoever carries out redeployments";
  const command = withLedgerOptions(
    withPlanOptions(new Command("redeploy").summary(summary).description(summary))
      .requiredOption("--reason <text>", "why; it stands in the history")
      .option("--yes", "ask nobody")
      .option("--no-wait", "do not wait until it is over"),
  );
  return command
    .option("--json", "print JSON, for programs: the redeployment")
    .addHelpText("after", HELP)
    .action(async () => {
      const options = Options.parse(command.opts());
      const { json, wait } = options;
      const ledger = ledgerFrom(options, io);
      const query = planQueryFrom(command);
      const plan = await fetchPlan(ledger, query);
      for (const line of formatPlan(plan)) (json === true ? io.err : io.out)(line);
      await requireConfirmation(io, plan, options);

      const first = await requestRedeployment(ledger, query, plan, options.reason);
      const last = wait ? await watch(io, ledger, first) : first;
      io.out(json === true ? JSON.stringify(last) : formatRedeployment(last));
      io.end(last.status === "succeeded" || !wait ? EXIT.done : EXIT.failed);
    });
}
