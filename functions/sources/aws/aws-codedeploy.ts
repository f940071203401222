/**
 * AWS CodeDeploy: deployments to a deployment group, of servers, functions or ECS services.
 *
 * Key: the envelope's `id`, under `/webhooks/aws/codedeploy/<account>/<region>`. Events are best effort.
 * Not in the payload: the revision (an archive or a commit), the image, the actor, whether it is a rollback.
 * A stopped deployment did not take effect. `READY`, of a blue/green deployment, is not a result yet.
 * Format: docs.aws.amazon.com, "Monitoring deployments with Amazon CloudWatch Events" (CodeDeploy user guide).
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { endingOf, ignored, quoted, said } from "../payload.ts";
import { type Coverage, sourceOf } from "../source.ts";
import { mappingOnly } from "./aws-envelope.ts";

export const CODEDEPLOY_COVERS: Coverage = {
  name: "AWS CodeDeploy",
  deploy: "yes",
  time: "yes",
  identity: "event id",
  authentication: "IAM; over HTTP a writer's token",
  tried: "published samples",
};

const Change = z.looseObject({
  id: z.string(),
  account: z.string(),
  region: z.string(),
  time: z.string(),
  detail: z.looseObject({
    application: z.string(),
    deploymentGroup: z.string(),
    deploymentId: z.string(),
    state: z.string(),
  }),
});
type Change = z.infer<typeof Change>;

export const mapCodeDeploy = (payload: unknown): Mapped[] =>
  mappingOnly("CodeDeploy Deployment State-change Notification", Change, payload, mapChange);

const KIND_OF_STATE = new Map([
  ["START", "deployment.started" as const],
  ["SUCCESS", "deployment.succeeded" as const],
  ["FAILURE", "deployment.failed" as const],
  ["STOP", "deployment.failed" as const],
]);

function mapChange({ id, account, region, time, detail }: Change, raw: unknown): Mapped {
  const kind = KIND_OF_STATE.get(detail.state);
  if (kind === undefined)
    return ignored(`the state ${quoted(detail.state)} neither starts nor ends a deployment`, raw);
  const installation = `${account}/${region}`;
  const statement = {
    kind,
    source: sourceOf("aws", "codedeploy", account, region),
    id,
    occurredAt: time,
    environment: `${installation}/${detail.deploymentGroup}`,
    service: detail.application,
    deployment: { provider: "codedeploy", instance: installation, id: detail.deploymentId },
    components: [{ component: "main" }],
    ...(detail.state === "STOP" ? endingOf(kind, detail.state, "cancelled") : {}),
  };
  return said(statement, raw);
}
