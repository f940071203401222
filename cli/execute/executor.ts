/**
 * Carries out redeployments, one after the other. What is run the signed order says, by the hash of its plan; whether it
 * is still to be run, the ledger.
 */
import { hashOf, Plan } from "../../schemas/plan.ts";
import { callLedger, Refused } from "../client.ts";
import type { Io } from "../io.ts";
import type { Ledger } from "../ledger.ts";
import { endRedeployment, fetchRedeployment, formatRedeployment } from "../redeployment.ts";
import { Unreachable } from "../request.ts";
import { commandsOf, ExecutionFailed, type ExecutionPolicy, type Order, variablesOf } from "./commands.ts";
import { run } from "./program.ts";

export interface Executor {
  /** Takes an order to be carried out when its turn comes; false where it was taken before. */
  readonly take: (order: Order) => boolean;
  /** Resolves once everything that was taken is over. */
  readonly idle: () => Promise<void>;
}

export interface ExecutorSettings extends ExecutionPolicy {
  readonly ledger: Ledger;
  readonly cwd: string;
  readonly interrupted: AbortSignal;
}

const REASON_MAX = 250;

/** Only who checks signatures needs the secret; the ledger is the same, however its address and token were given. */
const inherited = ({ ASOF_EXECUTOR_SECRET: _, ...env }: Io["env"], { url, token }: Ledger): Io["env"] => ({
  ...env,
  ASOF_URL: url,
  ...(token === undefined ? {} : { ASOF_TOKEN: token }),
});

export function executor(io: Io, setting: ExecutorSettings): Executor {
  const { ledger, cwd, interrupted } = setting;
  const { env, out, err, now } = io;

  /** What was taken is not dropped because the ledger is away: until the deadline it is asked again. */
  async function untilDeadline<T>({ deadline }: Order, asking: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await asking();
      } catch (error) {
        const isLate = interrupted.aborted || now().toISOString() > deadline;
        if (isLate || !(error instanceof Unreachable)) throw error;
        err(`asof: ${error.message}: it is asked again`);
      }
    }
  }

  async function runAll(order: Order, plan: Plan): Promise<void> {
    // Not by the hash that stands in it: anybody can write that down.
    if (hashOf(plan) !== order.planHash) throw new ExecutionFailed("the plan is another by now");
    const place = { cwd, interrupted, show: out, env: { ...inherited(env, ledger), ...variablesOf(order) } };
    let shown: number | undefined;
    for (const work of commandsOf(plan, setting)) {
      if (work.n !== shown) out(`step ${work.n}: ${work.title}`);
      shown = work.n;
      await run(work, place);
    }
  }

  /** It may have ended before: by the report of what deployed it, or by somebody else. Then that stays. */
  async function end(order: Order, failure: ExecutionFailed | undefined): Promise<void> {
    const outcome = failure === undefined ? "succeeded" : "failed";
    if (failure !== undefined) err(`asof: ${failure.message}`);
    const reason =
      failure === undefined ? {} : { reason: failure.message.slice(0, REASON_MAX).toWellFormed() };
    const said = { outcome, ...reason } as const;
    try {
      out(formatRedeployment(await untilDeadline(order, () => endRedeployment(ledger, order.id, said))));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      out(formatRedeployment(await fetchRedeployment(ledger, order.id)));
    }
  }

  /** Undefined where it is not to be carried out any more: past its deadline it has timed out, by the ledger's clock. */
  async function planOf(order: Order): Promise<Plan | undefined> {
    const plan = await untilDeadline(order, () => callLedger(ledger, Plan, { path: order.plan }));
    // Asked last, for the plan took its time.
    const redeployment = await untilDeadline(order, () => fetchRedeployment(ledger, order.id));
    if (redeployment.status === "requested") return plan;
    out(`${formatRedeployment(redeployment)}: nothing is done`);
    return undefined;
  }

  const taken = new Set<string>();

  async function carryOut(order: Order): Promise<void> {
    const { id, service, environment, reason } = order;
    let plan: Plan | undefined;
    try {
      plan = await planOf(order);
    } catch (error) {
      // Nothing was begun: sent again, it is another try.
      taken.delete(id);
      throw error;
    }
    if (plan === undefined) return;
    out(`redeployment ${id}: ${service} in ${environment}: ${reason.replaceAll(/\p{Cc}+/gu, " ")}`);
    let failure: ExecutionFailed | undefined;
    try {
      await runAll(order, plan);
    } catch (error) {
      if (!(error instanceof ExecutionFailed)) throw error;
      failure = error;
    }
    await end(order, failure);
  }

  let last: Promise<void> = Promise.resolve();
  return {
    take: (order) => {
      const { id } = order;
      if (taken.has(id)) return false;
      taken.add(id);
      last = last
        .then(() => carryOut(order))
        .catch((error: unknown) => {
          err(`asof: redeployment ${id}: ${error instanceof Error ? error.message : String(error)}`);
        });
      return true;
    },
    idle: () => last,
  };
}
