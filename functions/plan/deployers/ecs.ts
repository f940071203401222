/** Amazon ECS. */
import { command, unknown } from "../shell.ts";
import { type Deployer, isBy, lastPart, type StepDraft, type Target } from "../step-target.ts";

/** Names of clusters, services and containers in ECS. No such name can be mistaken for an option. */
const ECS_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;

const ecsName = (name: string | undefined, what: string): string =>
  name !== undefined && ECS_NAME.test(name) ? name : unknown(what);

/** Deployments that ECS reports have the instance `account/region/cluster`. */
function regionOf(target: Target): string[] {
  const [, region] = /^\d{12}\/([a-z0-9-]+)\//.exec(target.deployment?.instance ?? "") ?? [];
  return isBy("ecs")(target) && region !== undefined ? [`--region=${region}`] : [];
}

/** Fields that describe-task-definition returns and register-task-definition refuses (AWS CLI reference). */
const DESCRIBED_ONLY = [
  ".taskDefinitionArn",
  ".revision",
  ".status",
  ".requiresAttributes",
  ".compatibilities",
  ".registeredAt",
  ".registeredBy",
  ".deregisteredAt",
].join(", ");

/** A jq filter that pins the images in a task definition. JSON strings are valid in jq, unless they contain `\(`. */
const pinning = ({ components }: Target): string =>
  [
    `del(${DESCRIBED_ONLY})`,
    ...components.map(({ component, image }) =>
      component === "main" && components.length === 1
        ? `.containerDefinitions[0].image = ${JSON.stringify(image)}`
        : `(.containerDefinitions[] | select(.name == ${JSON.stringify(component)})).image = ${JSON.stringify(image)}`,
    ),
  ].join(" | ");

const TO_FILE =
  'filter=$1 && shift && aws ecs describe-task-definition "$@" --query=taskDefinition --output=json | jq "$filter" > task-definition.json';

/**
 * `update-service --force-new-deployment` would not go back: it starts the current task definition again, by its tags.
 * Options: docs.aws.amazon.com, AWS CLI command reference, "ecs".
 */
function byEcs(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const region = regionOf(target);
  const cluster = `--cluster=${ecsName(target.cluster, "cluster")}`;
  const service = ecsName(lastPart(target.service), "service");
  const aws = (verb: string, ...rest: string[]) => command("aws", "aws", "ecs", verb, ...rest, ...region);
  return [
    {
      title: "deploy a task definition with these images to Amazon ECS",
      why:
        "The first command prints the task definition that runs now: insert it into the second. Read task-definition.json " +
        "and check that each image is in its container. Insert the ARN that the third command prints into the fourth. " +
        "Only the images change; everything else stays as it is now. If you know the earlier revision and it was not " +
        "deregistered, pass it directly to the fourth command: it includes the earlier settings, too.",
      commands: [
        aws(
          "describe-services",
          cluster,
          `--services=${service}`,
          "--query=services[0].taskDefinition",
          "--output=text",
        ),
        command(
          "aws",
          ...["sh", "-c", TO_FILE, "sh", pinning(target), ...region],
          `--task-definition=${unknown("task definition")}`,
        ),
        aws(
          "register-task-definition",
          "--cli-input-json=file://task-definition.json",
          "--query=taskDefinition.taskDefinitionArn",
          "--output=text",
        ),
        aws(
          "update-service",
          cluster,
          `--service=${service}`,
          `--task-definition=${unknown("registered ARN")}`,
        ),
        aws("wait", "services-stable", cluster, `--services=${service}`),
      ],
    },
  ];
}

export const ecs: Deployer = {
  called: /^(aws|amazon)?(ecs|fargate|ecsfargate)$/,
  fits: isBy("ecs"),
  drafts: byEcs,
};
