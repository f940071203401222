/** `asof observe ecs`: what the tasks of services run in clusters of Amazon ECS. */
import * as z from "zod";
import { type EcsContainer, type EcsTask, tasksOf } from "../../functions/adapters/aws/ecs-tasks.ts";
import { isAddedByAws, lastPart, placeOf } from "../../functions/sources/aws/aws-ecs.ts";
import { partsOf } from "../../functions/sources/image.ts";
import { present } from "../../functions/sources/payload.ts";
import { asCliError } from "../import/aws/faults.ts";
import { type Item, unknown } from "../import/importer.ts";
import { latest, observationOf, type RunningService } from "./machine-services.ts";
import type { Observer } from "./observer.ts";
import { stepMsFrom, stepOf } from "./step.ts";

const Options = z.looseObject({ args: z.array(z.string()), region: z.string().optional() });

/** As events of ECS name it. */
function environmentOf({ clusterArn }: EcsTask): string {
  const [, , , region = "", account = ""] = clusterArn.split(":");
  return placeOf({ account, region }, lastPart(clusterArn));
}

/** The image by the digest that ECS reports or the task definition pins, else by its tag. */
function imageOf({ image, imageDigest }: EcsContainer) {
  const { repository, tag, digest } = partsOf(image);
  const known = imageDigest ?? digest;
  return present({ repository, digest: known, tag: known === undefined ? tag : undefined });
}

/** The containers of a task but those that AWS adds; the only one is `main`, as events of ECS have it. */
function componentsOf({ containers }: EcsTask) {
  const own = containers.filter(({ name }) => !isAddedByAws(name));
  return own
    .map((one) => ({ component: own.length === 1 ? "main" : one.name, ...imageOf(one) }))
    .sort((a, b) => (a.component < b.component ? -1 : 1));
}

/** What all tasks of a service run; undefined if they run different images: a rollout is under way. */
function serviceOf(tasks: readonly EcsTask[]): RunningService | undefined {
  const [first] = tasks;
  const since = latest(tasks.map(({ startedAt }) => startedAt.toISOString()));
  const images = new Set(tasks.map((one) => JSON.stringify(componentsOf(one))));
  if (first === undefined || since === undefined || images.size > 1) return undefined;
  const environment = environmentOf(first);
  const deployments = new Set(tasks.map(({ deployment }) => deployment));
  const { deployment: id } = first;
  const isOne = deployments.size === 1 && id !== undefined;
  return {
    environment,
    service: first.service,
    since,
    shown: {
      components: componentsOf(first),
      ...(isOne ? { deployment: { provider: "ecs", instance: environment, id } } : {}),
    },
  };
}

async function tasksIn(cluster: string, access: Parameters<typeof tasksOf>[1]): Promise<EcsTask[]> {
  const tasks: EcsTask[] = [];
  try {
    for await (const task of tasksOf(cluster, access)) tasks.push(task);
  } catch (error) {
    throw asCliError(error, "ECS");
  }
  return tasks;
}

async function* look(
  cluster: string,
  access: Parameters<typeof tasksOf>[1],
  step: string,
): AsyncGenerator<Item> {
  const tasks = await tasksIn(cluster, access);
  for (const name of new Set(tasks.map(({ service }) => service))) {
    const service = serviceOf(tasks.filter((one) => one.service === name));
    yield service === undefined
      ? unknown(
          "what a service runs whose tasks run different images: a rollout is under way",
          `${cluster}/${name}`,
        )
      : observationOf("ecs", service.environment, step, service);
  }
}

export const ecs: Observer = {
  name: "ecs",
  summary: "tasks of services in Amazon ECS",
  help: `
Examples:
  asof observe ecs production staging --region eu-central-1 --every 60s
  asof observe ecs production --dry-run

The environment is <account>/<region>/<cluster>, as events of ECS name it. Credentials are those of the AWS SDK (AWS_PROFILE,
AWS_ACCESS_KEY_ID, the role of a task); they need ecs:ListTasks and ecs:DescribeTasks alone.`,
  options: (command) =>
    command
      .argument("<clusters...>", "names or ARNs of clusters")
      .option("--region <region>", "the region (default: the SDK's)"),
  open(given, { env, now }) {
    const { args, region } = Options.parse(given);
    const stepMs = stepMsFrom(env);
    const access = { region, endpoint: env.AWS_ENDPOINT_URL_ECS };
    return {
      async *look() {
        for (const cluster of args) yield* look(cluster, access, stepOf(now(), stepMs));
      },
    };
  },
};
