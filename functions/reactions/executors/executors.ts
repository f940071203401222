/**
 * Executors carry out what was asked back: of those that are configured the first that is for its environment and
 * service. At least once, never after the deadline; where none can, the redeployment is ended as failed.
 */
import * as z from "zod";
import { pinnedImage } from "../../../schemas/pinned-image.ts";
import { hashOf } from "../../../schemas/plan.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import type { Asof } from "../ledger-client.ts";
import { isFor, type Reaction } from "../reaction.ts";
import { post, Refused, type Sending } from "./deliver.ts";
import { GithubExecutor, toGithub } from "./github.ts";
import { GitlabExecutor, toGitlab } from "./gitlab.ts";
import type { Order } from "./order.ts";
import { toWebhook, WebhookExecutor } from "./webhook.ts";

const Executor = z.discriminatedUnion("kind", [WebhookExecutor, GithubExecutor, GitlabExecutor]);
type Executor = z.infer<typeof Executor>;

export const Executors = z.array(Executor).max(100);
export type Executors = z.infer<typeof Executors>;

function sendingOf(executor: Executor, order: Order, now: Date): Sending {
  switch (executor.kind) {
    case "webhook":
      return toWebhook(executor, order, now);
    case "github":
      return toGithub(executor, order);
    case "gitlab":
      return toGitlab(executor, order);
  }
}

/** Throws Refused where there is none. */
function executorOf(list: Executors, { redeployment, plan }: Order): Executor {
  const { environment, service } = redeployment;
  const executor = list.find((one) => isFor(one, redeployment));
  if (executor === undefined) {
    throw new Refused(`no executor is configured for ${service} in ${environment}`);
  }
  const step = plan.steps.find(({ does }) => !executor.steps.includes(does));
  if (step !== undefined) {
    const runs = `its executor (${executor.kind}) runs ${executor.steps.join(" and ")} only`;
    throw new Refused(`${runs}, and step ${step.n} is to ${step.does}: ${step.title}`);
  }
  return executor;
}

interface Around {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: { info(message: string, fields: Record<string, string>): void };
  /** How long an executor may take to answer; absent: ten seconds. */
  readonly timeoutMs?: number;
}

export function executors(list: Executors, { asof, now, log, timeoutMs }: Around): Reaction {
  /** Undefined where it is not to be carried out any more: by the ledger's clock alone. */
  async function awaited(id: string): Promise<Redeployment | undefined> {
    const redeployment = await asof.redeployment(id);
    const { status, deadline } = redeployment;
    if (status === "timed out") {
      log.info("a redeployment is past its deadline", { redeployment: id, deadline });
    }
    return status === "requested" ? redeployment : undefined;
  }

  /** Somebody may have frozen it, or marked the image as bad, since it was asked for. Throws Refused. */
  async function passGate(redeployment: Redeployment): Promise<void> {
    for (const { image } of redeployment.components) {
      const { reasons } = await asof.gate(redeployment, pinnedImage(image)?.digest ?? "");
      if (reasons.length > 0) {
        throw new Refused(`the gate refuses ${image}: ${reasons.map(({ message }) => message).join("; ")}`);
      }
    }
  }

  async function carryOut(redeployment: Redeployment): Promise<void> {
    const order = { redeployment, plan: await asof.planOf(redeployment) };
    // Not by the hash that stands in it: anybody can write that down.
    if (hashOf(order.plan) !== redeployment.planHash) throw new Refused("the plan has changed");
    const executor = executorOf(list, order);
    await passGate(redeployment);
    // All that took its time.
    if ((await awaited(redeployment.id)) === undefined) return;
    await post(sendingOf(executor, order, now()), timeoutMs);
  }

  return {
    kinds: ["redeployment.requested"],
    react: async ({ id }) => {
      // Heard again, by a replay or a dead letter that somebody revived, it must not deploy.
      const redeployment = await awaited(id);
      if (redeployment === undefined) return;
      try {
        await carryOut(redeployment);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await asof.end(id, "failed", error.message);
      }
    },
    giveUp: async ({ id }, error) => {
      const { status } = await asof.redeployment(id);
      // What was sent may have arrived, and only its answer not.
      if (status !== "requested") return;
      const message = error instanceof Error ? error.message : String(error);
      await asof.end(id, "failed", `its executor was tried in vain: ${message}`);
    },
  };
}
