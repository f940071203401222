/** Delivery: DORA's four numbers of a span, and the facts behind each of them. */
import * as z from "zod";
import { name, sha, time, url } from "../scalars.ts";
import { identity, stretch } from "./release.ts";

const seconds = z.int().nonnegative();

/** What each number means, word for word. */
export const DELIVERY_DEFINITIONS = {
  deployments:
    "Reported deployments that brought another image, or configuration alone. One that several senders report counts once.",
  leadTime:
    "From the oldest commit of the images that a deployment brought to the deployment, the median. A commit's time is that of the build or deployment that names it; where none does, the time at which its change was merged. Rollbacks have none.",
  changeFailureRate:
    "Deployments after which, before the service's next deployment and within 24 hours, an incident opened, or whose next deployment rolls back; of all deployments but rollbacks. An incident of a whole environment counts against the newest deployment before it.",
  timeToRestore:
    "From the start of an incident to its end, and from a deployment to the rollback that ended it where no incident was told; the median. Incidents that have not ended in the span are counted as open.",
} as const;

const failure = z.strictObject({ by: z.enum(["incident", "rollback"]), at: time, fact: identity });

const deployment = z.strictObject({
  at: time,
  service: name,
  rollback: z.boolean(),
  commit: sha.nullable().meta({ description: "the commit that its lead time begins with" }),
  begins: z
    .strictObject({ at: time, from: z.enum(["commit", "merge"]) })
    .nullable()
    .meta({ description: "when its lead time begins, and by what; null: unknown, or a rollback" }),
  leadS: seconds.nullable(),
  failed: failure.nullable(),
  fact: identity,
});
export type DeliveryDeployment = z.infer<typeof deployment>;

const incident = z.strictObject({
  at: time,
  service: name.nullable().meta({ description: "null: the whole environment" }),
  title: z.string(),
  url: url.nullable(),
  endedAt: time.nullable().meta({ description: "null: open at `to`" }),
  restoreS: seconds.nullable(),
  after: identity.nullable().meta({ description: "the deployment that it counts against" }),
  fact: identity,
});
export type DeliveryIncident = z.infer<typeof incident>;

export const Delivery = z
  .strictObject({
    ...stretch,
    definitions: z.record(z.string(), z.string()).meta({ description: "what each number means" }),
    deployments: z.strictObject({ count: z.int(), perDay: z.number() }),
    leadTime: z.strictObject({
      medianS: seconds.nullable(),
      known: z.int(),
      unknown: z.int().meta({ description: "deployments of which no commit's time is known" }),
    }),
    changeFailureRate: z.strictObject({
      rate: z.number().nullable(),
      failed: z.int(),
      of: z.int().meta({ description: "deployments that are no rollbacks" }),
    }),
    timeToRestore: z.strictObject({ medianS: seconds.nullable(), restored: z.int(), open: z.int() }),
    points: z.array(deployment).meta({ description: "every deployment that counts, newest first" }),
    incidents: z.array(incident).meta({ description: "those that began in the span, newest first" }),
    more: z
      .boolean()
      .meta({ description: "true if `points` or `incidents` was cut at its limit; the numbers are of all" }),
  })
  .meta({ id: "Delivery" });
export type Delivery = z.infer<typeof Delivery>;
