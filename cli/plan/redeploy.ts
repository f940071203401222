/** `asof redeploy`: requests that an earlier release runs again, and waits for the result. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import * as z from "zod";
import type { Plan } from "../../schemas/plan.ts";
import { isOver, type Redeployment } from "../../schemas/redeployment.ts";
import { type Ask, askFor, withPrintOptions } from "../ask/options.ts";
import { call } from "../ask/question.ts";
import { CliError, Unreachable } from "../error.ts";
import { EXIT, EXIT_CODES, type Io } from "../io.ts";
import { callLedger } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { confirmed, type Place, placeToChange, requireExact } from "../operate/change.ts";
import { type PlanQuery, planQueryFrom, withPlanOptions } from "./options.ts";
import { fetchRedeployment, formatRedeployment } from "./redeployment.ts";
import { planLines } from "./view.ts";

const Options = z.looseObject({
  reason: z.string(),
  yes: z.boolean().optional(),
  despiteFreeze: z.literal(true).optional(),
  cancel: z.boolean().optional(),
  wait: z.boolean(),
});
type Options = z.infer<typeof Options>;

const HELP = `
Examples:
  asof redeploy production/billing~1 --reason "invoices are empty"
  asof redeploy -e production -s acme/billing --last-good --reason "invoices are empty"
  asof redeploy --cancel production/billing --reason "the wrong service"

It shows the plan and asks for confirmation. Then exactly that plan is requested; if something else runs by then, or the
plan has changed, the ledger refuses. An executor that the ledger knows carries it out. This command only watches: it may
be stopped, and the redeployment goes on. asof plan shows the plan alone.
The token comes from ASOF_TOKEN or --token-file, and needs the role operator.

Exit codes:
  0  it succeeded; with --no-wait: it was requested
  1  it failed or timed out; or nothing was requested: the plan is blocked, or it was not confirmed
${EXIT_CODES}
What was requested goes on, however this command ends.`;

const ROLLBACK_HELP = `
The same as asof redeploy PLACE~1: the release before the one that runs now, whatever that was. To go back to the last
one that was good, give --last-good.

Example:
  asof rollback production/billing --reason "invoices are empty"`;

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
  { reason, despiteFreeze }: Options,
): Promise<Redeployment> {
  const request = {
    ...query,
    // The plan names the instant that a time like -7d meant when it was made.
    ...(query.at === undefined || plan.at === null ? {} : { at: plan.at }),
    expectedCurrent: runningIn(plan),
    planHash: plan.hash,
    reason,
    ...(despiteFreeze === undefined ? {} : { despiteFreeze }),
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
async function requireConfirmation(io: Io, plan: Plan, options: Options): Promise<void> {
  const { status, service, environment } = plan;
  if (status === "blocked") throw new CliError("the plan is blocked: nothing was requested");
  await confirmed(io, options, `Run this in ${environment}, for ${service}?`, "nothing was requested");
}

/** The redeployment of a place that has not ended. Throws a CliError where there is none. */
async function runningOne(ask: Ask, { environment, service }: Place): Promise<Redeployment> {
  const { redeployments } = await call(ask, (client) =>
    client.redeployments({ environment, service, limit: 1 }),
  );
  const [newest] = redeployments;
  if (newest === undefined || isOver(newest))
    throw new CliError(`no redeployment of ${service} in ${environment} is under way`);
  return newest;
}

async function cancel(command: Command, ask: Ask, io: Io, options: Options): Promise<Redeployment> {
  const place = await placeToChange(command, ask);
  const { id, requestedBy, requestedAt, reason } = await runningOne(ask, place);
  const who = requestedBy ?? "somebody";
  ask.tell([
    [`redeployment ${id} of ${place.service} in ${place.environment}`],
    [`  requested by ${who}, ${ask.times.zoned(requestedAt)}: ${reason}`],
  ]);
  await confirmed(io, options, "Cancel it?", "nothing was cancelled");
  return call(ask, (client) => client.cancelRedeployment(id, { reason: options.reason }));
}

async function request(
  command: Command,
  ask: Ask,
  io: Io,
  options: Options,
  back: number,
): Promise<Redeployment> {
  const query = await planQueryFrom(command, ask, back);
  const plan = await call(ask, (client) => client.plan(query));
  ask.tell(planLines(plan, { ...ask, isGood: query.last === "good", commands: true }));
  await requireConfirmation(io, plan, options);
  const first = await requestRedeployment(ask.ledger, query, plan, options);
  return options.wait ? watch(io, ask.ledger, first) : first;
}

/** @param back how many releases to go back where no target is given */
const redeployAs = (command: Command, io: Io, back: number): Command =>
  withPrintOptions(
    withPlanOptions(command)
      .requiredOption("--reason <text>", "why; it is recorded in the history")
      .option("--yes", "do not ask for confirmation")
      .option("--despite-freeze", "request it although the place is frozen; recorded with the reason")
      .option("--cancel", "cancel the redeployment of the place that is under way")
      .option("--no-wait", "do not wait until it has ended"),
  ).action(async () => {
    const options = Options.parse(command.opts());
    requireExact(command, io, options);
    const ask = await askFor(command, io);
    const isCancelled = options.cancel === true;
    if (back > 0 && !isCancelled) io.err(`asof ${command.name()} is asof redeploy PLACE~${back}`);
    const last = isCancelled
      ? await cancel(command, ask, io, options)
      : await request(command, ask, io, options, back);
    await ask.print({ answer: last, lines: [[formatRedeployment(last)]] });
    const isDone = isCancelled || !options.wait || last.status === "succeeded";
    io.end(isDone ? EXIT.done : EXIT.no);
  });

export const redeployCommand = (command: Command, io: Io): Command =>
  redeployAs(command, io, 0).addHelpText("after", HELP);

export const rollbackCommand = (command: Command, io: Io): Command =>
  redeployAs(command, io, 1).addHelpText("after", ROLLBACK_HELP);
