/** `asof observe ecs`: what the tasks of services run in clusters of Amazon ECS, and what blocks them. */

import * as z from "zod";
import { type ServiceTasks, servicesOf } from "../../functions/adapters/aws/ecs-tasks.ts";
import { clusterBy, placeOf } from "../../functions/sources/aws/aws-ecs.ts";
import { settledAmong } from "../../functions/sources/deployers/pods.ts";
import { lastPart } from "../../schemas/words/texts.ts";
import { asCliError } from "../import/aws/faults.ts";
import { type Item, unknown } from "../import/importer.ts";
import { type EcsVersion, revisionOf, versionsOf } from "./ecs/versions.ts";
import { observationOf } from "./machine-services.ts";
import type { Observer } from "./observer.ts";
import { stepMsFrom, stepOf } from "./step.ts";
import { becauseOf, essenceOf, shownBy, stateOf, telling } from "./versions.ts";

const Options = z.looseObject({ args: z.array(z.string()), region: z.string().optional() });

/** As events of ECS name it. */
function environmentOf(clusterArn: string): string {
  const { cluster, ...place } = clusterBy(clusterArn);
  return placeOf(place, cluster);
}

/** The deployment that runs just these components, if it is one alone. */
function deploymentOf(versions: readonly EcsVersion[], components: readonly object[]): string | undefined {
  const shown = JSON.stringify(components);
  const same = versions.filter(({ running }) => JSON.stringify(settledAmong(running)?.components) === shown);
  return same.length === 1 ? same[0]?.deployment : undefined;
}

/** What a look shows of a service; undefined: nothing is to run. */
function itemOf(found: ServiceTasks, step: string, told: ReturnType<typeof telling>): Item | undefined {
  const { clusterArn = "", serviceName = "", desiredCount, taskDefinition } = found.service;
  const versions = versionsOf(found);
  const revision = revisionOf(taskDefinition);
  const clusterState = stateOf(versions, {
    ...(desiredCount === undefined ? {} : { desired: desiredCount }),
    ...(revision === undefined ? {} : { revision }),
  });
  const shown = shownBy(versions);
  const where = `${lastPart(clusterArn)}/${serviceName}`;
  if (shown === undefined) {
    if (versions.some(({ running }) => running.length > 0))
      return unknown("what a service runs whose tasks of one deployment run different images", where);
    return desiredCount === 0
      ? undefined
      : unknown(`what a service runs that has no running task${becauseOf(clusterState)}`, where);
  }
  const environment = environmentOf(clusterArn);
  const { components, since } = shown;
  const id = deploymentOf(versions, components);
  const deployment = id === undefined ? {} : { deployment: { provider: "ecs", instance: environment, id } };
  const observed = observationOf("ecs", environment, step, {
    environment,
    service: serviceName,
    since,
    shown: { components, ...deployment, clusterState },
  });
  const essence = essenceOf(since, { components, ...deployment }, clusterState);
  const statement = told.statementFor(where, step, { essence, statement: observed.statement });
  return { is: "statement", statement };
}

export const ecs: Observer = {
  name: "ecs",
  summary: "services and tasks in Amazon ECS",
  help: `
Examples:
  asof observe ecs production staging --region eu-central-1 --every 60s
  asof observe ecs production --dry-run

The environment is <account>/<region>/<cluster>, as events of ECS name it. Credentials are those of the AWS SDK (AWS_PROFILE,
AWS_ACCESS_KEY_ID, the role of a task); they need ecs:ListServices, ecs:DescribeServices, ecs:ListTasks and ecs:DescribeTasks.`,
  options: (command) =>
    command
      .argument("<clusters...>", "names or ARNs of clusters")
      .option("--region <region>", "the region (default: the SDK's)"),
  open(given, { env, now }) {
    const { args, region } = Options.parse(given);
    const stepMs = stepMsFrom(env);
    const access = { region, endpoint: env.AWS_ENDPOINT_URL_ECS };
    const told = telling();
    return {
      async *look() {
        const step = stepOf(now(), stepMs);
        try {
          for (const cluster of args)
            for await (const found of servicesOf(cluster, access)) {
              const item = itemOf(found, step, told);
              if (item !== undefined) yield item;
            }
        } catch (error) {
          throw asCliError(error, "ECS");
        }
        told.endOf(step);
      },
    };
  },
};
