/** The door where it is asked how to run again what ran. */
import type { Context } from "hono";
import type { EnvironmentPlan, Plan, PlannedService } from "../../schemas/plan.ts";
import { PlanQuestion } from "../../schemas/question.ts";
import { environmentPlan } from "../plan/environment-plan.ts";
import { type Format, fileOf, type Pinned } from "../plan/formats.ts";
import { plan } from "../plan/plan.ts";
import type { Ledger } from "./context.ts";
import { found, moment, query } from "./request.ts";

/** The images of a plan alone, as a file. */
function file(format: Format, services: readonly Pinned[], next: string | null): Response {
  const headers = { "Content-Type": "application/yaml; charset=utf-8" };
  return new Response(fileOf(format, services, next), { headers });
}

/** A plan as JSON; with a check also what the registries say now, which stands beside the plan and its hash. */
async function json(
  ledger: Ledger,
  answer: Plan | EnvironmentPlan,
  services: readonly (Plan | PlannedService)[],
  check: "registry" | undefined,
): Promise<object> {
  if (check === undefined) return answer;
  // Loaded when asked for: most plans are of facts alone.
  const { checked } = await import("./plan-check.ts");
  return { ...answer, registry: await checked(ledger, services) };
}

/** Of a service the plan, without one that of the whole environment; a file where another format is asked for. */
export async function planned(ledger: Ledger, c: Context): Promise<object> {
  const { environment, service, at, digest, last, knownAt, format, check, limit, cursor, ...wish } = query(
    c,
    PlanQuestion,
  );
  const when = moment(ledger, { at, knownAt });
  if (service === undefined) {
    const page = found(
      await environmentPlan(when, environment, wish.acceptSubstitute ?? [], { limit, cursor }),
      `an environment ${environment}`,
    );
    return format === "json"
      ? json(ledger, page, page.services, check)
      : file(format, page.services, page.next);
  }
  const aim = digest !== undefined ? { digest } : last !== undefined ? { last } : { at: when.at };
  const answer = found(
    await plan(when, { environment, service }, { ...wish, aim }),
    `a service ${service} in an environment ${environment}`,
  );
  return format === "json" ? json(ledger, answer, [answer], check) : file(format, [answer], null);
}
