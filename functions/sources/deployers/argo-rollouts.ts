/**
 * Argo Rollouts: the progress of a progressive delivery. Its webhook sends a Rollout, reduced by the template in
 * docs/sources/clusters.md, and the event that it is sent for (the recipient of the subscription).
 *
 * Until it completes, a rollout is a deployment that has started: what runs for all is still the stable version, whose
 * image the Rollout no longer holds, and that the ledger knows from before. Each step is a start of its own, of the
 * same deployment, with the variant's weight at that time. An aborted one has failed, and the stable version stays.
 * Key: the Rollout's uid, its revision, and the event, of a step with its number. The object comes without the event's
 * time, and as it was just before it, so the time is the receipt's, and the event says what happened, not the status.
 * Not in the payload: the weight where no traffic router sets it (then it is only aimed at by numbers of pods); the
 * images of a Rollout that refers to a Deployment for its template; whether it goes back to an older version.
 * Format: argoproj/argo-rollouts, docs/features/notifications.md, utils/record/record.go and utils/conditions.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  endingOf,
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
  timeOr,
} from "../payload.ts";
import { type Context, sourceOf } from "../source.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";
import { componentsOf } from "./workload.ts";

const REVISION = "rollout.argoproj.io/revision";

const Rollout = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    annotations: z.looseObject({ [REVISION]: maybeText }).nullish(),
  }),
  spec: z
    .looseObject({
      strategy: z.looseObject({ blueGreen: z.unknown().optional() }).nullish(),
      template: z
        .looseObject({
          spec: z.looseObject({
            containers: z
              .array(z.looseObject({ name: z.string(), image: z.string() }))
              .max(64)
              .nullish(),
          }),
        })
        .nullish(),
    })
    .nullish(),
  status: z
    .looseObject({
      currentStepIndex: z.int().nullish(),
      message: maybeText,
      canary: z
        .looseObject({ weights: z.looseObject({ canary: z.looseObject({ weight: z.number() }) }).nullish() })
        .nullish(),
    })
    .nullish(),
});
type Rollout = z.infer<typeof Rollout>;

const Notification = z.looseObject({ rollout: Rollout, event: z.string() });

const KIND_OF_EVENT = new Map([
  ["updated", "deployment.started" as const],
  ["step", "deployment.started" as const],
  ["completed", "deployment.succeeded" as const],
  ["aborted", "deployment.failed" as const],
]);

export function mapRollout(payload: unknown, context: Context): Mapped[] {
  return mapping(Notification, payload, ({ rollout, event }) => [mapEvent(rollout, event, context, payload)]);
}

function mapEvent(rollout: Rollout, event: string, { headers, receivedAt }: Context, raw: unknown): Mapped {
  const { name, namespace, uid, annotations } = rollout.metadata;
  const kind = KIND_OF_EVENT.get(event);
  if (kind === undefined) return ignored(`the event ${quoted(event)} of a rollout is not known`, raw);
  const cluster = clusterOf(headers);
  if (cluster === undefined) return withoutCluster(raw);
  const revision = annotations?.[REVISION];
  if (revision === undefined) return rejected(`rollout.metadata.annotations.${REVISION}: is missing`, raw);
  const deployment = `${uid}/${revision}`;
  const step = event === "step" ? `/${rollout.status?.currentStepIndex ?? 0}` : "";
  return said(
    {
      kind,
      source: sourceOf("argocd", "rollouts", segment(cluster), segment(namespace)),
      id: `${deployment}/${event}${step}`,
      ...timeOr(receivedAt),
      environment: `${cluster}/${namespace}`,
      service: name,
      deployment: { provider: "argo-rollouts", instance: `${cluster}/${namespace}`, id: deployment },
      components: componentsIn(rollout, kind === "deployment.started"),
      cluster,
      namespace,
      ...endingOf(kind, rollout.status?.message),
    },
    raw,
  );
}

/** The new version's containers; during the rollout they are a variant beside the stable one. */
function componentsIn({ metadata, spec, status }: Rollout, isUnderWay: boolean) {
  const { name, namespace } = metadata;
  const workload = { kind: "Rollout", namespace, name };
  const containers = (spec?.template?.spec.containers ?? []).map((one) => ({
    workload,
    container: one.name,
    image: one.image,
  }));
  const components = containers.length === 0 ? [{ component: "main" }] : componentsOf(containers);
  if (!isUnderWay) return components;
  const variant = spec?.strategy?.blueGreen === undefined ? "canary" : "preview";
  const weight = status?.canary?.weights?.canary.weight;
  return components.map((one) => ({ ...one, variant, ...present({ weight }) }));
}
