/**
 * AWS: events of EventBridge, delivered by a rule, an API destination or a queue. Each service's events have a file of
 * their own; this file dispatches by service. CI inside AWS may put our own CloudEvents on the bus (`detail-type` = the
 * event's type, `detail` = the event), with IAM instead of a token.
 *
 * Key: each service's own, under `/webhooks/aws/<service>/<account>/<region>`. Delivery is at least once, and the
 * envelope's `id` is the same in each delivery. A CloudEvent keeps its own source and id.
 * Proof: none in the event. Inside AWS it is IAM (only AWS may set `source: aws.…` on a bus); over HTTP the endpoint
 * requires a writer's token.
 * Not in the payload: whether any event was lost; ECR and CodeDeploy are best effort.
 * Format: docs.aws.amazon.com, "AWS service event metadata" (EventBridge user guide).
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, mapping, quoted, rejected } from "../payload.ts";
import type { Source } from "../source.ts";
import { toStatement } from "../standards/cloudevents.ts";
import { CODEDEPLOY_COVERS, mapCodeDeploy } from "./aws-codedeploy.ts";
import { CODEPIPELINE_COVERS, mapCodePipeline } from "./aws-codepipeline.ts";
import { ECR_COVERS, mapEcr } from "./aws-ecr.ts";
import { ECS_COVERS, mapEcs } from "./aws-ecs.ts";

export const aws: Source = {
  vendor: "aws",
  toStatements,
  covers: [ECR_COVERS, ECS_COVERS, CODEDEPLOY_COVERS, CODEPIPELINE_COVERS],
};

const MAPPINGS: ReadonlyMap<string, (payload: unknown) => Mapped[]> = new Map([
  ["aws.ecr", mapEcr],
  ["aws.ecs", mapEcs],
  ["aws.codedeploy", mapCodeDeploy],
  ["aws.codepipeline", mapCodePipeline],
]);

const Spoken = z.looseObject({ source: z.string(), "detail-type": z.string() });

function toStatements(payload: unknown): Mapped[] {
  return mapping(Spoken, payload, ({ source, "detail-type": type, detail }) => {
    // The ledger's own events must not be recorded again, or they would circulate for ever.
    if (source === "asof") return [ignored("the ledger itself published this event", payload)];
    const map = MAPPINGS.get(source);
    if (map !== undefined) return map(payload);
    if (source.startsWith("aws.")) {
      return [ignored(`${quoted(source)} is not recorded`, payload)];
    }
    if (/^dev\.(asof|cdevents)\./.test(type)) return [ownEvent(type, detail)];
    return [ignored(`the source ${quoted(source)} is not known`, payload)];
  });
}

const Typed = z.looseObject({ type: z.string() });

/** A bus policy may grant by `detail-type`, so the event inside must have the same type. */
function ownEvent(type: string, detail: unknown): Mapped {
  const event = Typed.safeParse(detail);
  if (event.success && event.data.type !== type) {
    return rejected("detail.type: must be the same as the envelope's detail-type", detail);
  }
  return toStatement(detail);
}
