/** Carries out redeployments, one after the other, by what the ledger says of each: whoever calls only names it. */
import { Plan } from "../../schemas/plan.ts";
import type { Redeployment } from "../../schemas/redeployment.ts";
import { ask, Refused } from "../asking.ts";
import type { Ledger } from "../ledger.ts";
import { endRedeployment, lineOf, redeploymentOf } from "../redeployment.ts";
import type { World } from "../world.ts";
import { run } from "./program.ts";
import { type Allowed, Failed, variablesOf, worksOf } from "./works.ts";

export interface Executor {
  /** Takes a redeployment's id to be carried out when its turn comes; false where it was taken before. */
  readonly take: (id: string) => boolean;
  /** Resolves once everything that was taken is over. */
  readonly idle: () => Promise<void>;
}

export interface Setting extends Allowed {
  readonly ledger: Ledger;
  readonly cwd: string;
  readonly interrupted: AbortSignal;
}

const REASON_MAX = 250;

/** Only who checks signatures needs the secret. */
const inherited = ({ ASOF_EXECUTOR_SECRET: _, ...env }: World["env"]): World["env"] => env;

export function executor(world: World, setting: Setting): Executor {
  const { ledger, cwd, interrupted } = setting;
  const { env, out, err } = world;

  async function runAll(redeployment: Redeployment): Promise<void> {
    const plan = await ask(ledger, Plan, { path: redeployment.plan });
    if (plan.hash !== redeployment.planHash) throw new Failed("the plan is another by now");
    const variables = variablesOf(redeployment);
    const place = { cwd, interrupted, show: out, env: { ...inherited(env), ...variables } };
    let shown: number | undefined;
    for (const work of worksOf(plan, setting)) {
      if (work.n !== shown) out(`step ${work.n}: ${work.title}`);
      shown = work.n;
      await run(work, place);
    }
  }

  /** It may have ended before: by the report of what deployed it, or by somebody else. Then that stays. */
  async function end(id: string, failure: Failed | undefined): Promise<void> {
    const outcome = failure === undefined ? "succeeded" : "failed";
    if (failure !== undefined) err(`asof: ${failure.message}`);
    const reason =
      failure === undefined ? {} : { reason: failure.message.slice(0, REASON_MAX).toWellFormed() };
    try {
      out(lineOf(await endRedeployment(ledger, id, { outcome, ...reason })));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      out(lineOf(await redeploymentOf(ledger, id)));
    }
  }

  async function carryOut(id: string): Promise<void> {
    const redeployment = await redeploymentOf(ledger, id);
    const { status, service, environment, reason } = redeployment;
    // Past its deadline it has timed out, by the ledger's clock.
    if (status !== "requested") {
      out(`${lineOf(redeployment)}: nothing is done`);
      return;
    }
    out(`redeployment ${id}: ${service} in ${environment}: ${reason.replaceAll(/\p{Cc}+/gu, " ")}`);
    let failure: Failed | undefined;
    try {
      await runAll(redeployment);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      failure = error;
    }
    await end(id, failure);
  }

  const taken = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  return {
    take: (id) => {
      if (taken.has(id)) return false;
      taken.add(id);
      last = last
        .then(() => carryOut(id))
        .catch((error: unknown) => {
          err(`asof: redeployment ${id}: ${error instanceof Error ? error.message : String(error)}`);
        });
      return true;
    },
    idle: () => last,
  };
}
