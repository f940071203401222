/** A redeployment: the request and its status. */

import * as z from "zod";
import { configuration, deploymentId, identity, moment, warning } from "./answers/release.ts";
import { Step } from "./plan.ts";
import { coded } from "./plan-codes.ts";
import { renamed } from "./renamed-name.ts";
import { digest, hash, id, name, shownPerson, time, url } from "./scalars.ts";

const component = z.strictObject({
  component: name,
  variant: name.exactOptional(),
  image: z.string().meta({
    description: "repository@digest; of a service without images the digest of its artifact, or its commit",
  }),
});

export const Redeployment = z
  .strictObject({
    id,
    environment: name,
    service: name,
    status: z.enum(["requested", "started", "succeeded", "failed", "cancelled", "timed out"]).meta({
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
    undone: z
      .strictObject({
        at: time,
        by: shownPerson.nullable(),
        deployment: deploymentId.nullable(),
        url: url.nullable(),
        warnings: z.array(warning).meta({ description: "what the release since then warns of" }),
      })
      .nullable()
      .exactOptional()
      .meta({
        description:
          "what replaced its images or configuration after it succeeded, as a later sync; null: what it brought still runs. Only in the answer about one redeployment",
      }),
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

export const RedeploymentList = z
  .strictObject({
    renamed,
    knownAt: time,
    settled: z.boolean(),
    redeployments: z.array(Redeployment).meta({
      description: "of one service all, newest first; otherwise the newest of each service, by place",
    }),
    next: z.string().nullable(),
  })
  .meta({ id: "RedeploymentList" });
export type RedeploymentList = z.infer<typeof RedeploymentList>;

export const Freezes = z
  .strictObject({
    renamed,
    ...moment,
    freezes: z.array(
      z.strictObject({
        environment: name,
        service: name.nullable().meta({ description: "null: the whole environment" }),
        status: z.enum(["active", "scheduled"]),
        since: time.meta({ description: "when it begins or began" }),
        until: time.nullable().meta({ description: "its last moment; null: until it is ended" }),
        by: shownPerson.nullable(),
        reason: z.string().nullable(),
        allowsRollbacks: z
          .boolean()
          .meta({ description: "redeployments that operators request are let through" }),
        silencesAlerts: z
          .literal(true)
          .exactOptional()
          .meta({ description: "planned maintenance: alerts of the place are silenced meanwhile" }),
        redeployment: id
          .nullable()
          .meta({ description: "the request that froze it, to stay as it was put back" }),
        exceptions: z
          .array(
            z.strictObject({ digest, at: time, by: shownPerson.nullable(), reason: z.string().nullable() }),
          )
          .meta({ description: "images that are let through" }),
        fact: identity,
      }),
    ),
    next: z.string().nullable().meta({ description: "a short page may have one, too" }),
  })
  .meta({ id: "Freezes" });
export type Freezes = z.infer<typeof Freezes>;

/** Reasons why a redeployment is refused. */
export const RefusalCode = z.union([
  coded("current_changed", "what runs now is not what the request expects"),
  coded("plan_changed", "the plan is not the one that was reviewed"),
  coded("plan_blocked", "the plan cannot be carried out as it is"),
  coded("frozen", "the environment or the service is frozen"),
  coded("redeployment_running", "another redeployment of the service has not ended"),
  coded("no_executor", "no configured executor carries out this plan; `steps` has what to do by hand"),
  coded("nothing_differs", "everything that ran then runs now"),
  coded("too_many_services", "the environment has more services than one request can redeploy"),
]);

export const Refusal = z
  .strictObject({
    code: RefusalCode,
    service: name.exactOptional(),
    message: z.string().meta({ description: "the reason, and what to do about it" }),
    steps: z.array(Step).exactOptional().meta({ description: "of the plan, to do by hand" }),
  })
  .meta({ id: "Refusal" });
export type Refusal = z.infer<typeof Refusal>;
