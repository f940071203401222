/** Amazon ECS. */
import { command, unknown } from "../shell.ts";
import { type Deployer, isBy, lastPart, type StepDraft, type Target } from "../step-target.ts";

/** What ECS calls clusters, services and containers: no such name can be taken for an option. */
const ECS_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;

const ecsName = (name: string | undefined, what: string): string =>
  name !== undefined && ECS_NAME.test(name) ? name : unknown(what);

/** ECS's own deployments are of the instance `account/region/cluster`. */
function regionOf(target: Target): string[] {
  const [, region] = /^\d{12}\/([a-z0-9-]+)\//.exec(target.deployment?.instance ?? "") ?? [];
  return isBy("ecs")(target) && region !== undefined ? [`--region=${region}`] : [];
}

/** What a task definition is described with and cannot be registered with (AWS CLI, "register-task-definition"). */
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

/** Pins the images in a task definition, in jq's language; JSON's strings are jq's, but for what `\(` means there. */
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
 * `update-service --force-new-deployment` starts again what is named now, by its tags: that goes back to nothing.
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
        "The first command prints the task definition that runs now; put it into the second, read task-definition.json " +
        "(each image must be in its container), and put the ARN that the third prints into the fourth. Everything but " +
        "the images stays as it is now. If the revision of then is known and was not deregistered, give that to the " +
        "fourth at once: it holds the settings of then too.",
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
