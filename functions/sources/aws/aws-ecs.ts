/**
 * Amazon ECS: the deployments of a service, and the images that its tasks run.
 *
 * Key, under `/webhooks/aws/ecs/<account>/<region>`: for a deployment's change, the envelope's `id`; for a task, its own
 * id, `detail.version` and the container's name, because ECS may send one change in several envelopes with the same
 * version. A deployment is identified by its cluster and its id (`ecs-svc/…`). A task repeats that id as `startedBy`,
 * which links the two.
 * Not in the payload: for a deployment, its image, commit, revision and actor; its failure, if the service has no
 * circuit breaker; whether it is a rollback, except in the text of `reason`. For a task, the digest if an old agent pulled
 * from a registry other than ECR: then that of `image` counts, if the task definition pins it.
 * Format: docs.aws.amazon.com, "Amazon ECS task state change events" and "… deployment state change events".
 */

import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { lastPart } from "../../../schemas/words/texts.ts";
import { partsOf } from "../image.ts";
import { endingOf, ignored, mapping, maybeText, present, quoted, rejected, said } from "../payload.ts";
import { type Coverage, sourceOf } from "../source.ts";
import { Titled } from "./aws-envelope.ts";

export const ECS_COVERS: Coverage = {
  name: "Amazon ECS",
  deploy: "deployments, tasks",
  digest: "by its tasks",
  time: "yes",
  identity: "event id; task and version",
  authentication: "IAM; over HTTP a writer's token",
  tried: "published samples",
};

const envelope = { id: z.string(), account: z.string(), region: z.string(), time: z.string() };

const DeploymentChange = z.looseObject({
  ...envelope,
  resources: z.array(z.string()),
  detail: z.looseObject({
    eventName: z.string(),
    deploymentId: z.string(),
    updatedAt: z.string(),
    reason: maybeText,
    clusterArn: maybeText,
  }),
});
type DeploymentChange = z.infer<typeof DeploymentChange>;

const TaskChange = z.looseObject({
  ...envelope,
  detail: z.looseObject({
    taskArn: z.string(),
    clusterArn: z.string(),
    version: z.int(),
    lastStatus: z.string(),
    desiredStatus: z.string(),
    startedBy: maybeText,
    group: maybeText,
    updatedAt: z.string(),
    containers: z
      .array(z.looseObject({ name: z.string(), imageDigest: maybeText, image: maybeText }))
      .max(64),
  }),
});
type TaskChange = z.infer<typeof TaskChange>;

export function mapEcs(payload: unknown): Mapped[] {
  return mapping(Titled, payload, ({ "detail-type": type, detail }) => {
    const raw = { "detail-type": type, detail };
    switch (type) {
      case "ECS Deployment State Change":
        return mapping(DeploymentChange, payload, (change) => [mapDeployment(change, raw)]);
      case "ECS Task State Change":
        return mapping(TaskChange, payload, (change) => mapTask(change, raw));
      default:
        return [ignored(`${quoted(type)} is not recorded`, payload)];
    }
  });
}

/** Account, region and cluster: the name of the environment, and of this installation of the deployer. */
export const placeOf = ({ account, region }: { account: string; region: string }, cluster: string): string =>
  `${account}/${region}/${cluster}`;

/** @param arn `arn:aws:ecs:<region>:<account>:cluster/<name>`; what it lacks is empty */
export function clusterBy(arn: string): { account: string; region: string; cluster: string } {
  const [, , , region = "", account = ""] = arn.split(":");
  return { account, region, cluster: lastPart(arn) };
}

// --- deployments ------------------------------------------------------------------------------------------

const KIND_OF_EVENT = new Map([
  ["SERVICE_DEPLOYMENT_IN_PROGRESS", "deployment.started" as const],
  ["SERVICE_DEPLOYMENT_COMPLETED", "deployment.succeeded" as const],
  ["SERVICE_DEPLOYMENT_FAILED", "deployment.failed" as const],
]);

function mapDeployment(change: DeploymentChange, raw: unknown): Mapped {
  const { id, account, region, resources, detail } = change;
  const kind = KIND_OF_EVENT.get(detail.eventName);
  if (kind === undefined)
    return ignored(`${quoted(detail.eventName)} neither starts nor ends a deployment`, raw);
  const [arn = ""] = resources;
  const cluster = clusterOf(arn, detail.clusterArn);
  if (cluster === undefined)
    return rejected("resources.0: must be a service's ARN that names its cluster", raw);
  const place = placeOf(change, cluster);
  // A failed deployment is the one that is rolled back; the deployment that restores the old version reports the rollback.
  const rollback = kind !== "deployment.failed" && /rolling back/i.test(detail.reason ?? "");
  const statement = {
    kind,
    source: sourceOf("aws", "ecs", account, region),
    id,
    occurredAt: detail.updatedAt,
    environment: place,
    service: lastPart(arn),
    deployment: { provider: "ecs", instance: place, id: detail.deploymentId },
    components: [{ component: "main" }],
    cluster,
    ...endingOf(kind, detail.reason),
    ...present({ rollback: rollback || undefined }),
  };
  return said(statement, raw);
}

/** The ARN of a service created before 2021 may lack the cluster. */
function clusterOf(arn: string, clusterArn: string | undefined): string | undefined {
  const named = /:service\/([^/]+)\/[^/]+$/.exec(arn)?.[1];
  if (named !== undefined) return named;
  return /:service\/[^/]+$/.test(arn) && clusterArn !== undefined ? lastPart(clusterArn) : undefined;
}

// --- tasks ------------------------------------------------------------------------------------------------

/** Containers that AWS adds, with a name that differs from task to task. */
const ADDED_BY_AWS = /^(ecs-service-connect-|aws-guardduty-agent-|~internal~)/;
export const isAddedByAws = (container: string): boolean => ADDED_BY_AWS.test(container);

function mapTask(change: TaskChange, raw: unknown): Mapped[] {
  const { account, region, detail } = change;
  const reason = reasonWhyNot(detail);
  if (reason !== undefined) return [ignored(reason, raw)];
  const own = detail.containers.filter(({ name }) => !isAddedByAws(name));
  if (own.length === 0) return [ignored("the task has no containers of its own", raw)];
  const cluster = lastPart(detail.clusterArn);
  const place = placeOf(change, cluster);
  const common = {
    kind: "task.observed" as const,
    source: sourceOf("aws", "ecs", account, region),
    occurredAt: detail.updatedAt,
    environment: place,
    service: (detail.group ?? "").slice("service:".length),
    deployment: { provider: "ecs", instance: place, id: detail.startedBy },
  };
  const task = `${lastPart(detail.taskArn)}/${detail.version}`;
  return own.map(({ name, imageDigest, image = "" }) => {
    const digest = imageDigest ?? partsOf(image).digest;
    if (digest === undefined) return ignored(`ECS does not report the digest of ${quoted(name)}`, raw);
    const component = own.length === 1 ? "main" : name;
    return said({ ...common, id: `${task}/${name}`, component, digest }, raw);
  });
}

/** Only a service's task that runs, and is meant to run, shows what the service runs. */
function reasonWhyNot(detail: TaskChange["detail"]): string | undefined {
  const { lastStatus, desiredStatus, group = "", startedBy = "" } = detail;
  if (!group.startsWith("service:")) return "the task belongs to no service";
  if (!startedBy.startsWith("ecs-svc/")) return "the task names no deployment of its service";
  if (lastStatus === "RUNNING" && desiredStatus === "RUNNING") return undefined;
  return `the task is ${quoted(lastStatus)}, meant to be ${quoted(desiredStatus)}`;
}
