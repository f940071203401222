/** The order that an executor receives, and the settings that all kinds of executors share. */
import * as z from "zod";
import { DOES, type Plan } from "../../../schemas/plan.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import { places } from "../reaction.ts";

/** A redeployment, and its plan as of the request. */
export interface Order {
  readonly redeployment: Redeployment;
  readonly plan: Plan;
}

export const scope = {
  ...places,
  /** The kinds of steps that it can run. It refuses a plan with another kind. */
  steps: z.array(z.enum(DOES)).min(1).default(["deploy", "check"]),
};

/** A credential that goes into a header. */
export const token = z.string().regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces");

/** The order as short strings, for systems that accept nothing else. They can read the rest from the ledger. */
export const inputsOf = ({ redeployment, plan }: Order) => ({
  redeployment: redeployment.id,
  environment: redeployment.environment,
  service: redeployment.service,
  images: JSON.stringify(redeployment.components),
  // Only where it changes: GitHub refuses inputs that a workflow does not declare.
  ...(plan.config.some(({ to }) => to !== null) ? { config: JSON.stringify(plan.target?.config ?? []) } : {}),
  plan_hash: redeployment.planHash,
  plan: redeployment.plan,
  deadline: redeployment.deadline,
});
