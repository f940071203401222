/** Amazon ECS. */

import type { Configuration } from "../../../schemas/fact.ts";
import type { Command } from "../../../schemas/plan.ts";
import { type InGit, isInGit } from "../../../schemas/words/in-git.ts";
import { lastPart } from "../../../schemas/words/texts.ts";
import { command, unknown } from "../shell.ts";
import { brings, type Deployer, isBy, type StepDraft, type Target } from "../step-target.ts";
import { checkedOut, checkOut } from "./git.ts";

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
    ...components.map(({ component, container, image }) =>
      component === "main" && container === undefined && components.length === 1
        ? `.containerDefinitions[0].image = ${JSON.stringify(image)}`
        : `(.containerDefinitions[] | select(.name == ${JSON.stringify(container ?? component)})).image = ${JSON.stringify(image)}`,
    ),
  ].join(" | ");

const TO_FILE =
  'filter=$1 && shift && aws ecs describe-task-definition "$@" --query=taskDefinition --output=json | jq "$filter" > task-definition.json';

/** A task definition: `billing:41`, or its ARN. */
const TASK_DEFINITION =
  /^(arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:task-definition\/)?[A-Za-z0-9][A-Za-z0-9_-]{0,254}:[1-9]\d*$/;

/** Reads a task definition from a file. Arguments: the jq filter, the file. */
const FROM_FILE = 'exec jq "$1" "$2" > task-definition.json';

/** The task definition of then: one that ECS has, or a file in git. */
function definitionOf({ restore, config }: Target): { registered?: Configuration; file?: InGit } {
  const registered = config.find(({ revision }) => TASK_DEFINITION.test(revision));
  if (registered !== undefined) return { registered };
  const file = restore.filter(isInGit).find(({ path }) => path.endsWith(".json"));
  return file === undefined ? {} : { file };
}

/** The commands that write task-definition.json with the images, and what to know about them. */
function written(target: Target, aws: Aws, region: readonly string[]): { commands: Command[]; why: string } {
  const { registered, file } = definitionOf(target);
  if (file !== undefined) {
    return {
      commands: [
        checkOut(file),
        command("jq", "sh", "-c", FROM_FILE, "sh", pinning(target), checkedOut(file)),
      ],
      why: `The first commands check out ${file.path} of then, and pin the images in it. `,
    };
  }
  const describe = command(
    "aws",
    ...["sh", "-c", TO_FILE, "sh", pinning(target), ...region],
    `--task-definition=${registered?.revision ?? unknown("task definition")}`,
  );
  if (registered !== undefined) {
    return {
      commands: [describe],
      why: `The first command reads ${registered.revision}, with the settings of then, and pins the images in it. `,
    };
  }
  const { cluster, service } = namesOf(target);
  return {
    commands: [
      aws(
        "describe-services",
        `--cluster=${cluster}`,
        `--services=${service}`,
        "--query=services[0].taskDefinition",
        "--output=text",
      ),
      describe,
    ],
    why:
      "The first command prints the task definition that runs now: insert it into the second. Only the images change; " +
      "everything else stays as it is now. ",
  };
}

type Aws = (verb: string, ...rest: string[]) => Command;

const namesOf = (target: Target) => ({
  cluster: ecsName(target.cluster, "cluster"),
  service: ecsName(lastPart(target.service), "service"),
});

/**
 * `update-service --force-new-deployment` would not go back: it starts the current task definition again, by its tags.
 * Options: docs.aws.amazon.com, AWS CLI command reference, "ecs".
 */
function byEcs(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const region = regionOf(target);
  const { cluster, service } = namesOf(target);
  const aws: Aws = (verb, ...rest) => command("aws", "aws", "ecs", verb, ...rest, ...region);
  const { commands, why } = written(target, aws, region);
  const { registered, file } = definitionOf(target);
  return [
    {
      title: "deploy a task definition with these images to Amazon ECS",
      why:
        `${why}Read task-definition.json and check that each image is in its container. Insert the ARN that ` +
        "`register-task-definition` prints into `update-service`.",
      commands: [
        ...commands,
        aws(
          "register-task-definition",
          "--cli-input-json=file://task-definition.json",
          "--query=taskDefinition.taskDefinitionArn",
          "--output=text",
        ),
        aws(
          "update-service",
          `--cluster=${cluster}`,
          `--service=${service}`,
          `--task-definition=${unknown("registered ARN")}`,
        ),
        aws("wait", "services-stable", `--cluster=${cluster}`, `--services=${service}`),
      ],
      brings: brings(
        target,
        target.restore.filter((one) => one === (registered ?? file)),
      ),
    },
  ];
}

export const ecs: Deployer = {
  called: /^(aws|amazon)?(ecs|fargate|ecsfargate)$/,
  fits: isBy("ecs"),
  drafts: byEcs,
};
