/** A redeployment: the request and its status. */
import * as z from "zod";
import { coded } from "./plan.ts";
import { configuration, deploymentId, identity } from "./release.ts";
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
      description: "from the deployments reported since, and from what its executor reported",
    }),
    requestedAt: time,
    requestedBy: shownPerson.nullable(),
    reason: z.string(),
    plan: z.string().meta({ description: "the path of its plan; the answer never changes" }),
    planHash: hash,
    components: z.array(component),
    config: z.array(configuration).exactOptional().meta({
      description: "the configuration that its plan restores; without it, the redeployment has not succeeded",
    }),
    deadline: time.meta({ description: "no executor starts it after this time" }),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    why: z.string().nullable().meta({ description: "the reason why it failed or timed out" }),
    deployment: deploymentId.nullable().meta({ description: "the deployment that carries it out" }),
    url: url.nullable().meta({ description: "a page that shows its progress" }),
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
    redeployments: z
      .array(Redeployment)
      .meta({ description: "one for each service, in the order of the services" }),
  })
  .meta({ id: "Redeployments" });
export type Redeployments = z.infer<typeof Redeployments>;

/** Reasons why a redeployment is refused. */
export const RefusalCode = z.union([
  coded("current_changed", "what runs now is not what the request expects"),
  coded("plan_changed", "the plan is not the one that was reviewed"),
  coded("plan_blocked", "the plan cannot be carried out as it is"),
  coded("frozen", "the environment or the service is frozen"),
  coded("redeployment_running", "another redeployment of the service has not ended"),
  coded("too_many_services", "the environment has more services than one request can redeploy"),
]);

export const Refusal = z
  .strictObject({
    code: RefusalCode,
    service: name.exactOptional(),
    message: z.string().meta({ description: "the reason, and what to do about it" }),
  })
  .meta({ id: "Refusal" });
export type Refusal = z.infer<typeof Refusal>;
