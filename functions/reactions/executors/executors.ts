/**
 * Executors carry out redeployments. The first configured executor for the environment and service is used, at least once
 * and never after the deadline. If none can, the redeployment is ended as failed.
 */
import * as z from "zod";
import { hashOf, type Plan } from "../../../schemas/plan.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import { type Asof, gateSubjectOf } from "../ledger-client.ts";
import { isFor, type Reaction } from "../reaction.ts";
import { type ExecutorRequest, post, Refused } from "./deliver.ts";
import { GithubExecutor, toGithub } from "./github.ts";
import { GitlabExecutor, toGitlab } from "./gitlab.ts";
import type { Order } from "./order.ts";
import { toWebhook, WebhookExecutor } from "./webhook.ts";

const Executor = z.discriminatedUnion("kind", [WebhookExecutor, GithubExecutor, GitlabExecutor]);
type Executor = z.infer<typeof Executor>;

export const Executors = z.array(Executor).max(100);
export type Executors = z.infer<typeof Executors>;

function requestFor(executor: Executor, order: Order, now: Date): ExecutorRequest {
  switch (executor.kind) {
    case "webhook":
      return toWebhook(executor, order, now);
    case "github":
      return toGithub(executor, order);
    case "gitlab":
      return toGitlab(executor, order);
  }
}

/** The executor that carries out a plan, or why none does. */
function executorFor(list: Executors, { environment, service, steps }: Plan): Executor | string {
  const executor = list.find((one) => isFor(one, { environment, service }));
  if (executor === undefined) return `no executor is configured for ${service} in ${environment}`;
  const step = steps.find(({ does }) => !executor.steps.includes(does));
  if (step === undefined) return executor;
  const runs = `its executor (${executor.kind}) runs only steps of the kinds ${executor.steps.join(" and ")}`;
  return `${runs}, but step ${step.n} is ${step.does}: ${step.title}`;
}

/** Why no executor carries out a plan; undefined if one does. */
export function withoutExecutor(list: Executors, plan: Plan): string | undefined {
  const executor = executorFor(list, plan);
  return typeof executor === "string" ? executor : undefined;
}

interface Dependencies {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: { info(message: string, fields: Record<string, string>): void };
  /** How long an executor may take to answer. Default: ten seconds. */
  readonly timeoutMs?: number;
}

export function executors(list: Executors, { asof, now, log, timeoutMs }: Dependencies): Reaction {
  /** The redeployment if it is still to be carried out, judged only by the ledger's clock. */
  async function pending(id: string): Promise<Redeployment | undefined> {
    const redeployment = await asof.redeployment(id);
    const { status, deadline } = redeployment;
    if (status === "timed out") {
      log.info("a redeployment is past its deadline", { redeployment: id, deadline });
    }
    return status === "requested" ? redeployment : undefined;
  }

  /** Since the request, the service may have been frozen, or the image marked as bad. Throws Refused. */
  async function passGate(redeployment: Redeployment): Promise<void> {
    for (const { image } of redeployment.components) {
      const { reasons } = await asof.gate(redeployment, gateSubjectOf(image));
      if (reasons.length > 0) {
        throw new Refused(`the gate refuses ${image}: ${reasons.map(({ message }) => message).join("; ")}`);
      }
    }
  }

  async function carryOut(redeployment: Redeployment): Promise<void> {
    const order = { redeployment, plan: await asof.planOf(redeployment) };
    // Compute the hash: the one in the plan's own field proves nothing.
    if (hashOf(order.plan) !== redeployment.planHash)
      throw new Refused("the plan has changed since the request");
    const executor = executorFor(list, order.plan);
    if (typeof executor === "string") throw new Refused(executor);
    await passGate(redeployment);
    // The checks above took time, so check the deadline again.
    if ((await pending(redeployment.id)) === undefined) return;
    await post(requestFor(executor, order, now()), timeoutMs);
  }

  return {
    kinds: ["redeployment.requested"],
    react: async ({ id }) => {
      // A replayed event or a redriven dead letter must not deploy again.
      const redeployment = await pending(id);
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
      // The request may have arrived although its answer did not.
      if (status !== "requested") return;
      const message = error instanceof Error ? error.message : String(error);
      await asof.end(id, "failed", `its executor did not accept the request, despite retries: ${message}`);
    },
  };
}
