/**
 * Carries out redeployments, one at a time. The signed order determines what runs, by the hash of the plan; the ledger
 * determines whether it still has to run.
 */
import { hashOf, type Plan } from "../../schemas/plan.ts";
import type { Redeployment } from "../../schemas/redeployment.ts";
import { fold } from "../../schemas/scalars.ts";
import { Unreachable } from "../error.ts";
import type { Io } from "../io.ts";
import { callLedger, Refused } from "../ledger/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  endRedeployment,
  fetchRedeployment,
  formatRedeployment,
  takeRedeployment,
} from "../plan/redeployment.ts";
import { commandsOf, ExecutionFailed, type ExecutionPolicy, type Order, variablesOf } from "./commands.ts";
import { run } from "./program.ts";

/** How an order ended; `not run` where it is over, or another executor has it. */
export type Ending = Redeployment["status"] | "not run";

export interface Executor {
  /** Queues an order; false where it was queued before. */
  readonly take: (order: Order) => boolean;
  /** Carries out one order now. Throws what calls of the ledger do. */
  readonly carryOut: (order: Order) => Promise<Ending>;
  /** Resolves once all queued orders have ended. */
  readonly idle: () => Promise<void>;
}

export interface ExecutorSettings extends ExecutionPolicy {
  readonly ledger: Ledger;
  readonly cwd: string;
  readonly interrupted: AbortSignal;
}

const REASON_MAX = 250;

/**
 * Programs get the ledger's address and token, however they were given, and not the signing secret. A CI job's own token
 * ends within minutes, so each program gets a fresh one.
 */
async function inherited({ ASOF_EXECUTOR_SECRET: _, ...env }: Io["env"], ledger: Ledger): Promise<Io["env"]> {
  const { url } = ledger;
  const token = ledger.token ?? (await ledger.identity?.());
  return { ...env, ASOF_URL: url, ...(token === undefined ? {} : { ASOF_TOKEN: token }) };
}

/** The plan is read at this executor's own ledger, with its token, or not at all. */
function refuseElsewhere({ plan }: Order, { url }: Ledger): void {
  const { origin } = new URL(url);
  if (!plan.startsWith("/") || new URL(plan, origin).origin !== origin)
    throw new ExecutionFailed(`the plan's address is not one of the ledger ${origin}`);
}

/**
 * Three hashes have to be one: of the plan that was ordered, of the one that the ledger's request confirms, and of the one
 * that it answers. The last is computed: the hash in the answer could be a copy of the expected one.
 */
function refuseOtherPlans(order: Order, { planHash: confirmed }: Redeployment, plan: Plan): void {
  const fetched = hashOf(plan);
  if (order.planHash === confirmed && confirmed === fetched) return;
  const [a, b, c] = [order.planHash, confirmed, fetched].map((hash) => hash.slice(0, 12));
  throw new ExecutionFailed(
    `the plan has changed: ordered was ${a}, the ledger's request confirms ${b}, and its plan is now ${c}`,
  );
}

/** The images of an order and its place are those of its plan, whose hash was ordered. */
function refuseOtherTargets({ environment, service, components }: Order, plan: Plan): void {
  const planned = plan.components.map(
    ({ component, variant, image, to }) => [component, variant, image ?? to ?? plan.commits.to?.sha] as const,
  );
  const isPlanned = components.every((one) =>
    planned.some(
      ([component, variant, image]) =>
        fold(component) === fold(one.component) && variant === one.variant && image === one.image,
    ),
  );
  const isHere =
    fold(environment) === fold(plan.environment) &&
    fold(service) === fold(plan.service) &&
    components.length === planned.length;
  if (!isHere || !isPlanned)
    throw new ExecutionFailed("the redeployment names other images or another place than its plan");
}

export function executor(io: Io, setting: ExecutorSettings): Executor {
  const { ledger, cwd, interrupted } = setting;
  const { env, out, err, now } = io;

  /** Repeats a request until the order's deadline while the ledger cannot be reached. */
  async function untilDeadline<T>({ deadline }: Order, request: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        const isLate = interrupted.aborted || now().toISOString() > deadline;
        if (isLate || !(error instanceof Unreachable)) throw error;
        err(`asof: ${error.message}; trying again until ${deadline}`);
      }
    }
  }

  async function runAll(order: Order, plan: Plan): Promise<void> {
    const options = { cwd, interrupted, show: out };
    const variables = variablesOf(order, plan);
    let current: number | undefined;
    for (const command of commandsOf(plan, setting)) {
      if (command.n !== current) out(`step ${command.n}: ${command.title}`);
      current = command.n;
      const own = await untilDeadline(order, () => inherited(env, ledger));
      await run(command, { ...options, env: { ...own, ...variables } });
    }
  }

  /** Reports the end. It may have ended before, by the report of the deployment or by a person: then that stays. */
  async function end(order: Order, failure: ExecutionFailed | undefined): Promise<Ending> {
    const outcome = failure === undefined ? "succeeded" : "failed";
    if (failure !== undefined) err(`asof: ${failure.message}`);
    const reason =
      failure === undefined ? {} : { reason: failure.message.slice(0, REASON_MAX).toWellFormed() };
    const ended = { outcome, ...reason } as const;
    try {
      return shown(await untilDeadline(order, () => endRedeployment(ledger, order.id, ended)));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      return shown(await fetchRedeployment(ledger, order.id));
    }
  }

  function shown(redeployment: Redeployment): Ending {
    out(formatRedeployment(redeployment));
    return redeployment.status;
  }

  /**
   * Undefined where it must not run any more, or another executor has taken it. Past its deadline it has timed out, by the
   * ledger's clock. Throws ExecutionFailed where it is not the plan that was requested.
   */
  async function planOf(order: Order): Promise<Plan | undefined> {
    refuseElsewhere(order, ledger);
    const plan = await untilDeadline(order, () => callLedger(ledger, (client) => client.planAt(order.plan)));
    // Requested last, because the plan may have taken long.
    const redeployment = await untilDeadline(order, () => fetchRedeployment(ledger, order.id));
    if (redeployment.status !== "requested") {
      out(`${formatRedeployment(redeployment)}: nothing to do`);
      return undefined;
    }
    refuseOtherPlans(order, redeployment, plan);
    refuseOtherTargets(order, plan);
    try {
      await untilDeadline(order, () => takeRedeployment(ledger, order.id));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      out(`redeployment ${order.id}: ${error.message}: nothing to do`);
      return undefined;
    }
    return plan;
  }

  const accepted = new Set<string>();

  async function carryOut(order: Order): Promise<Ending> {
    const { id, service, environment, reason } = order;
    let plan: Plan | undefined;
    try {
      plan = await planOf(order);
    } catch (error) {
      if (error instanceof ExecutionFailed) return end(order, error);
      // Nothing has started: the same order, sent again, is tried again.
      accepted.delete(id);
      throw error;
    }
    if (plan === undefined) return "not run";
    out(`redeployment ${id}: ${service} in ${environment}: ${reason.replaceAll(/\p{Cc}+/gu, " ")}`);
    let failure: ExecutionFailed | undefined;
    try {
      await runAll(order, plan);
    } catch (error) {
      if (!(error instanceof ExecutionFailed)) throw error;
      failure = error;
    }
    return end(order, failure);
  }

  let last: Promise<unknown> = Promise.resolve();
  return {
    carryOut,
    take: (order) => {
      const { id } = order;
      if (accepted.has(id)) return false;
      accepted.add(id);
      last = last
        .then(() => carryOut(order))
        .catch((error: unknown) => {
          err(`asof: redeployment ${id}: ${error instanceof Error ? error.message : String(error)}`);
        });
      return true;
    },
    idle: async () => void (await last),
  };
}
