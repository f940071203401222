/**
 * Executors carry out redeployments. The first configured executor for the environment and service is used, at least once
 * and never after the deadline. If none can, the redeployment is ended as failed.
 */

import * as z from "zod";
import { hashOf, type Plan, type Step } from "../../../schemas/plan.ts";
import { isOver, type Redeployment } from "../../../schemas/redeployment.ts";
import { answerPages } from "../../../schemas/words/answer-pages.ts";
import { type Asof, gateSubjectOf } from "../ledger-client.ts";
import { type Heard, isFor, LookAgain, type Reaction } from "../reaction.ts";
import { ArgocdExecutor, byArgocd, notByArgocd } from "./argocd.ts";
import { type ExecutorRequest, post, Refused } from "./deliver.ts";
import { DEPLOYING_STEPS, type Deploying, type Progress } from "./direct-executor.ts";
import { byEcs, EcsExecutor, notByEcs } from "./ecs.ts";
import { GithubExecutor, toGithub } from "./github.ts";
import { GitlabExecutor, toGitlab } from "./gitlab.ts";
import type { Order } from "./order.ts";
import { runsAsPlanned } from "./plan-result.ts";
import { toWebhook, WebhookExecutor } from "./webhook.ts";

const Executor = z.discriminatedUnion("kind", [
  WebhookExecutor,
  GithubExecutor,
  GitlabExecutor,
  EcsExecutor,
  ArgocdExecutor,
]);
type Executor = z.infer<typeof Executor>;

/** The kinds of facts that start an execution, or that may end what it holds. */
export const EXECUTOR_KINDS = [
  "redeployment.requested",
  "redeployment.ended",
  "environment.unfrozen",
] as const;

export const Executors = z.array(Executor).max(100);
export type Executors = z.infer<typeof Executors>;

/** How one executor is reached: by one request, or by the deployer's own API until it has deployed. */
type Way =
  | { readonly is: "asked"; readonly steps: readonly Step["does"][]; readonly request: RequestOf }
  | {
      readonly is: "deploying";
      /** Why it does not run a plan. */
      readonly refuses: (plan: Plan) => string | undefined;
      readonly deploying: (now: () => Date) => Deploying;
    };
type RequestOf = (order: Order, now: Date) => ExecutorRequest;

function wayOf(executor: Executor): Way {
  const asked = (steps: readonly Step["does"][], request: RequestOf): Way => ({
    is: "asked",
    steps,
    request,
  });
  switch (executor.kind) {
    case "webhook":
      return asked(executor.steps, (order, now) => toWebhook(executor, order, now));
    case "github":
      return asked(executor.steps, (order) => toGithub(executor, order));
    case "gitlab":
      return asked(executor.steps, (order) => toGitlab(executor, order));
    case "ecs":
      return { is: "deploying", refuses: notByEcs, deploying: () => byEcs(executor) };
    case "argocd":
      return { is: "deploying", refuses: notByArgocd, deploying: (now) => byArgocd(executor, now) };
  }
}

/** Why an executor does not run a plan; undefined if it does. */
function whyNot(executor: Executor, plan: Plan): string | undefined {
  const way = wayOf(executor);
  const kinds = way.is === "asked" ? way.steps : DEPLOYING_STEPS;
  const step = plan.steps.find(({ does }) => !kinds.includes(does));
  if (step !== undefined) {
    const runs = `its executor (${executor.kind}) runs only steps of the kinds ${kinds.join(" and ")}`;
    return `${runs}, but step ${step.n} is ${step.does}: ${step.title}`;
  }
  const why = way.is === "asked" ? undefined : way.refuses(plan);
  return why === undefined ? undefined : `its executor (${executor.kind}) does not run it: ${why}`;
}

/** The first executor of a place that carries out a plan, or why none does. */
function executorFor(list: Executors, plan: Plan): Executor | string {
  const { environment, service } = plan;
  const own = list.filter((one) => isFor(one, { environment, service }));
  if (own.length === 0) return `no executor is configured for ${service} in ${environment}`;
  const found = own.find((one) => whyNot(one, plan) === undefined);
  return found ?? own.flatMap((one) => whyNot(one, plan) ?? []).join("; ");
}

/** Why no executor carries out a plan; undefined if one does. */
export function withoutExecutor(list: Executors, plan: Plan): string | undefined {
  const executor = executorFor(list, plan);
  return typeof executor === "string" ? executor : undefined;
}

/** How long until a deployer is asked again. */
const LOOK_MS = 10_000;
/** How long after a deployment the ledger may not show it: as long as the plan's own step waits. */
const CHECK_MS = 2 * 60_000;

type Deployed = Extract<Progress, { is: "deployed" }>;

interface Dependencies {
  readonly asof: Asof;
  readonly now: () => Date;
  readonly log: { info(message: string, fields: Record<string, string>): void };
  /** How long an executor may take to answer. Default: ten seconds. */
  readonly timeoutMs?: number;
}

export function executors(list: Executors, { asof, now, log, timeoutMs }: Dependencies): Reaction {
  /** The redeployment if it has not ended, judged only by the ledger's clock. */
  async function pending(id: string): Promise<Redeployment | undefined> {
    const redeployment = await asof.redeployment(id);
    const { status, deadline } = redeployment;
    if (status === "timed out") {
      log.info("a redeployment is past its deadline", { redeployment: id, deadline });
    }
    return status === "requested" || status === "started" ? redeployment : undefined;
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
    const executor = executorFor(list, order.plan);
    const way = typeof executor === "string" ? undefined : wayOf(executor);
    // What somebody else began is theirs.
    if (redeployment.status === "started" && way?.is !== "deploying") return;
    // Compute the hash: the one in the plan's own field proves nothing.
    if (hashOf(order.plan) !== redeployment.planHash)
      throw new Refused("the plan has changed since the request");
    if (way === undefined) throw new Refused(String(executor));
    if (way.is === "deploying") return deploy(order, way.deploying(now));
    await passGate(redeployment);
    // The checks above took time, so check the deadline again.
    if ((await pending(redeployment.id))?.status !== "requested") return;
    await post(way.request(order, now()), timeoutMs);
  }

  /** Begins it where that has not happened yet; then looks again, until the deployer and the ledger agree that it ended. */
  async function deploy(order: Order, deploying: Deploying): Promise<void> {
    const { id, status } = order.redeployment;
    // Once it has started nobody else can take it, so the executor that took it goes on.
    if (status === "requested" && !(await asof.take(id))) return;
    const progress = await deploying.progress(order);
    if (progress.is === "failed") return asof.end(id, "failed", progress.why);
    if (progress.is === "deployed") return check(order, progress);
    if (progress.is === "not begun") {
      if (status === "started") return;
      await passGate(order.redeployment);
      if ((await pending(id))?.status !== "requested") return;
      await deploying.begin(order);
    }
    throw new LookAgain(LOOK_MS);
  }

  /** The plan's last step: the ledger has to show what was deployed, which somebody has to report. */
  async function check({ redeployment, plan }: Order, { since, told }: Deployed): Promise<void> {
    const { id, environment, service } = redeployment;
    const release = await asof.ask.release({ environment, service });
    if (runsAsPlanned(plan, release)) return asof.end(id, "succeeded", told);
    if (now().getTime() - since.getTime() < CHECK_MS) throw new LookAgain(LOOK_MS);
    const shown = release.components.map(({ digest }) => digest ?? "an unknown image").join(", ");
    const why = `it was deployed, and two minutes later the ledger shows ${shown || "nothing"}: let the deployment be reported`;
    await asof.end(id, "failed", told === undefined ? why : `${why}; ${told}`);
  }

  /** Whether a redeployment still freezes its service. */
  async function isFreezing({ id, environment }: Redeployment): Promise<boolean> {
    for await (const { freezes } of answerPages((more) => asof.ask.freezes({ environment, ...more })))
      if (freezes.some(({ redeployment }) => redeployment === id)) return true;
    return false;
  }

  /** What was held for a redeployment is given back once its freeze has ended: by a person, or as it was cancelled. */
  async function letGo({ environment, service }: Heard): Promise<void> {
    if (!list.some(({ kind }) => kind === "argocd")) return;
    const place = { environment, ...(service === undefined ? {} : { service, limit: 1 }) };
    const { redeployments } = await asof.ask.redeployments(place);
    for (const redeployment of redeployments.filter(isOver)) {
      const order = { redeployment, plan: await asof.planOf(redeployment) };
      const executor = executorFor(list, order.plan);
      const isHolding = typeof executor !== "string" && executor.kind === "argocd";
      if (!isHolding || (await isFreezing(redeployment))) continue;
      await byArgocd(executor, now)
        .letGo(order)
        .catch((error: unknown) => {
          // What it refuses now, it refuses again.
          if (!(error instanceof Refused)) throw error;
          log.info("what was held stays held", { redeployment: redeployment.id, reason: error.message });
        });
    }
  }

  return {
    kinds: EXECUTOR_KINDS,
    react: async (fact) => {
      const { id, kind } = fact;
      if (kind !== "redeployment.requested") return letGo(fact);
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
    giveUp: async ({ id, kind }, error) => {
      if (kind !== "redeployment.requested") return;
      const { status } = await asof.redeployment(id);
      // The request may have arrived although its answer did not.
      if (status !== "requested") return;
      const message = error instanceof Error ? error.message : String(error);
      await asof.end(id, "failed", `its executor did not accept the request, despite retries: ${message}`);
    },
  };
}
