/** A redeployment: what was asked for, and what became of it. */
import * as z from "zod";
import { coded } from "./plan.ts";
import { deploymentId, identity } from "./release.ts";
import { hash, id, name, shownPerson, time, url } from "./scalars.ts";

const component = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  image: z.string().meta({ description: "repository@digest" }),
});

export const Redeployment = z
  .strictObject({
    id,
    environment: name,
    service: name,
    status: z.enum(["requested", "started", "succeeded", "failed", "timed out"]).meta({
      description: "by the deployments that were reported since, and by what whoever carries it out said",
    }),
    requestedAt: time,
    requestedBy: shownPerson.nullable(),
    reason: z.string(),
    plan: z.string().meta({ description: "the question of its plan, which has the same answer for ever" }),
    planHash: hash,
    components: z.array(component),
    deadline: time.meta({ description: "after this nobody begins to carry it out" }),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    why: z.string().nullable().meta({ description: "why it failed or timed out" }),
    deployment: deploymentId.nullable().meta({ description: "that carries it out" }),
    url: url.nullable().meta({ description: "where that can be watched" }),
    knownAt: time,
    settled: z.boolean(),
    facts: z.array(identity),
  })
  .meta({ id: "Redeployment" });
export type Redeployment = z.infer<typeof Redeployment>;

export const isOver = ({ status }: Pick<Redeployment, "status">): boolean =>
  status !== "requested" && status !== "started";

export const Redeployments = z
  .strictObject({
    redeployments: z.array(Redeployment).meta({ description: "one for each service, in their order" }),
  })
  .meta({ id: "Redeployments" });
export type Redeployments = z.infer<typeof Redeployments>;

/** Why something is not put back now. */
export const RefusalCode = z.union([
  coded("current_changed", "something else runs than was expected"),
  coded("plan_changed", "the plan is another than the one that was looked at"),
  coded("plan_blocked", "the plan cannot be carried out as it is"),
  coded("frozen", "the environment or the service is frozen"),
  coded("redeployment_running", "another redeployment of the service has not ended"),
  coded("too_many_services", "the environment has more services than one request puts back"),
]);

export const Refusal = z
  .strictObject({
    code: RefusalCode,
    service: name.exactOptional(),
    message: z.string().meta({ description: "what is in the way, and what to do about it" }),
  })
  .meta({ id: "Refusal" });
export type Refusal = z.infer<typeof Refusal>;
