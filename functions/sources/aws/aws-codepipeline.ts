/**
 * AWS CodePipeline: the actions of a pipeline that deploy (their category is `Deploy`).
 *
 * Key: the envelope's `id`, under `/webhooks/aws/codepipeline/<account>/<region>`. A deployment is one run of an
 * action, by its `action-execution-id`; older events have none, so execution, stage and action identify it. A stage may
 * have several such actions: each deploys its own component, which has the action's name.
 * Not in the payload: the image, the commit, the actor. Events of whole pipelines and stages name no environment. An
 * action that was abandoned or cancelled may still run outside: the pipeline no longer waits for its result.
 * Format: docs.aws.amazon.com, "Monitoring CodePipeline events" (CodePipeline user guide).
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import type { Ending } from "../../../schemas/scalars.ts";
import { endingOf, ignored, maybeText, quoted, said } from "../payload.ts";
import { type Coverage, sourceOf } from "../source.ts";
import { mappingOnly } from "./aws-envelope.ts";

export const CODEPIPELINE_COVERS: Coverage = {
  name: "AWS CodePipeline",
  deploy: "deploy actions",
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
    pipeline: z.string(),
    "execution-id": z.string(),
    "action-execution-id": maybeText,
    stage: z.string(),
    action: z.string(),
    state: z.string(),
    /** The action's region: a pipeline may have actions in other regions. */
    region: maybeText,
    "execution-result": z
      .looseObject({ "external-execution-summary": maybeText, "error-code": maybeText })
      .nullish()
      .catch(undefined),
    type: z.looseObject({ category: z.string() }),
  }),
});
type Change = z.infer<typeof Change>;

export const mapCodePipeline = (payload: unknown): Mapped[] =>
  mappingOnly("CodePipeline Action Execution State Change", Change, payload, mapChange);

const KIND_OF_STATE = new Map([
  ["STARTED", "deployment.started" as const],
  ["SUCCEEDED", "deployment.succeeded" as const],
  ["FAILED", "deployment.failed" as const],
  ["ABANDONED", "deployment.failed" as const],
  ["CANCELED", "deployment.failed" as const],
]);

const ENDINGS = new Map<string, Ending>([
  ["ABANDONED", "abandoned"],
  ["CANCELED", "cancelled"],
]);

function mapChange({ id, account, region, time, detail }: Change, raw: unknown): Mapped {
  const { category } = detail.type;
  if (category !== "Deploy") return ignored(`an action of the category ${quoted(category)}`, raw);
  const kind = KIND_OF_STATE.get(detail.state);
  if (kind === undefined)
    return ignored(`the state ${quoted(detail.state)} neither starts nor ends a deployment`, raw);
  const { pipeline, stage, action } = detail;
  const run = detail["action-execution-id"] ?? [detail["execution-id"], stage, action].join("/");
  const result = detail["execution-result"];
  const outcome = ENDINGS.get(detail.state);
  const reason = result?.["external-execution-summary"] ?? result?.["error-code"];
  const statement = {
    kind,
    source: sourceOf("aws", "codepipeline", account, region),
    id,
    occurredAt: time,
    environment: `${account}/${detail.region ?? region}/${stage}`,
    service: pipeline,
    deployment: { provider: "codepipeline", instance: `${account}/${region}`, id: run },
    components: [{ component: action }],
    scope: "components",
    ...endingOf(kind, reason ?? (outcome === undefined ? undefined : detail.state), outcome),
  };
  return said(statement, raw);
}
