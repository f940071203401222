/** What the executor of Amazon ECS may do: deploy the services of the configured clusters, and no more. */
import { Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { LedgerFunction } from "./function.ts";
import type { EcsRights } from "./settings.ts";

export function allowEcs(executor: LedgerFunction, { clusters, taskRoles }: EcsRights): void {
  const stack = Stack.of(executor);
  const within = (resource: string) =>
    clusters.map((cluster) => stack.formatArn({ service: "ecs", resource, resourceName: `${cluster}/*` }));
  const services = within("service");
  const revisions = within("service-revision");
  executor.allow(["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService"], ...services);
  executor.allow(["ecs:DescribeServiceRevisions"], ...revisions);
  const registering = taskRoles === undefined ? [] : ["ecs:RegisterTaskDefinition"];
  executor.allow(["ecs:DescribeTaskDefinition", ...registering], "*");
  if (taskRoles !== undefined && taskRoles.length > 0) {
    executor.addToRolePolicy(
      new PolicyStatement({
        actions: ["iam:PassRole"],
        resources: taskRoles,
        conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      }),
    );
  }
  if (executor.role === undefined) return;
  const of = (resources: readonly string[], reason: string) =>
    resources.map((resource) => ({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason }));
  Validations.of(executor.role).acknowledge(
    ...of(
      findingsOf(services, revisions),
      "The services of the configured clusters: which one is deployed is in each plan.",
    ),
    ...of(["*"], "ECS has no permissions on single task definitions for describing and registering them."),
  );
}

/** ARNs as cdk-nag names them: with `<AWS::Region>` for what is known at deployment. */
const findingsOf = (...arns: readonly (readonly string[])[]): string[] =>
  arns
    .flat()
    .map((arn) =>
      arn.replaceAll(
        /\$\{Token\[([A-Za-z.]+)\.\d+\]\}/g,
        (_, name: string) => `<${name.replace(".", "::").replace(".", "::")}>`,
      ),
    );
