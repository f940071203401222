/** The request that carries a plan out, with the choices made in the page. */
import type { Plan } from "../schemas/plan.ts";

const LISTS = new Set(["acceptSubstitute", "acceptShared"]);

/** The body that requests what a plan shows. @param choices the parameters of the plan's question */
export function requestOf(
  plan: Pick<Plan, "environment" | "service" | "hash" | "components">,
  choices: Readonly<Record<string, string>>,
  reason: string,
): Record<string, unknown> {
  const chosen = Object.entries(choices).map(([name, value]) => [
    name,
    LISTS.has(name) ? value.split(",") : value === "true" ? true : value,
  ]);
  return {
    environment: plan.environment,
    service: plan.service,
    ...Object.fromEntries(chosen),
    expectedCurrent: plan.components[0]?.from ?? null,
    planHash: plan.hash,
    reason,
  };
}
