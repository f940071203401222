/** What is ordered of an executor, whatever its kind, and what is said of each in the configuration. */
import * as z from "zod";
import { DOES, type Plan } from "../../../schemas/plan.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import { places } from "../reaction.ts";

/** A redeployment, and its plan as it was when it was asked for. */
export interface Order {
  readonly redeployment: Redeployment;
  readonly plan: Plan;
}

export const scope = {
  ...places,
  /** The kinds of steps that it can run: a plan with another is not for it. */
  steps: z.array(z.enum(DOES)).min(1).default(["deploy", "check"]),
};

/** A credential that goes into a header. */
export const token = z.string().regex(/^[\x21-\x7e]+$/, "must be of printable ASCII without spaces");

/** The order in a few words, for those who take no more than texts; the rest is asked of the ledger. */
export const told = ({ redeployment }: Order) => ({
  redeployment: redeployment.id,
  environment: redeployment.environment,
  service: redeployment.service,
  images: JSON.stringify(redeployment.components),
  plan_hash: redeployment.planHash,
  plan: redeployment.plan,
  deadline: redeployment.deadline,
});
