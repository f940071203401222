/** Reads what runs in clusters of Amazon ECS: services with their deployments, and their tasks. */
import type { Container, Deployment, Service, Task, TaskSet } from "@aws-sdk/client-ecs";
import { TIMEOUTS } from "../timeouts.ts";

export type { Container, Deployment, Service, Task, TaskSet };

/** A service, and the tasks that were started for it. */
export interface ServiceTasks {
  readonly service: Service;
  /** Those that are to run, whether or not they do yet. */
  readonly tasks: readonly Task[];
  /** Those that stopped, which ECS remembers for an hour; empty where everything runs that is to run. */
  readonly stopped: readonly Task[];
}

/** Tasks that one DescribeTasks takes, and services that one DescribeServices takes. */
const TASKS_MAX = 100;
const SERVICES_MAX = 10;

interface Access {
  readonly region: string | undefined;
  /** Of a server with the API of ECS; absent: AWS. */
  readonly endpoint: string | undefined;
}

/** Whether something of a service is under way, or stands in the way. */
const isUnsettled = ({ deployments = [], taskSets = [], ...service }: Service): boolean =>
  (service.runningCount ?? 0) < (service.desiredCount ?? 0) ||
  deployments.length + taskSets.length > 1 ||
  deployments.some(
    ({ rolloutState, failedTasks = 0 }) => (rolloutState ?? "COMPLETED") !== "COMPLETED" || failedTasks > 0,
  );

/** Tasks by the group that started them, `service:<name>`. */
function grouped(tasks: readonly Task[]): Map<string, Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const { group = "" } = task;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [task]);
    else known.push(task);
  }
  return groups;
}

/**
 * The services of a cluster with their tasks. Loads the SDK on first use. Throws what the SDK throws.
 * @param cluster its name or ARN
 */
export async function* servicesOf(
  cluster: string,
  { region, endpoint }: Access,
): AsyncGenerator<ServiceTasks> {
  const sdk = await import("@aws-sdk/client-ecs");
  const client = new sdk.ECSClient({
    requestHandler: TIMEOUTS,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });

  async function tasksOf(asked: { desiredStatus: "RUNNING" | "STOPPED"; serviceName?: string }) {
    const found: Task[] = [];
    const pages = sdk.paginateListTasks({ client, pageSize: TASKS_MAX }, { cluster, ...asked });
    for await (const { taskArns = [] } of pages) {
      if (taskArns.length === 0) continue;
      const { tasks = [] } = await client.send(new sdk.DescribeTasksCommand({ cluster, tasks: taskArns }));
      found.push(...tasks);
    }
    return found;
  }

  const tasks = grouped(await tasksOf({ desiredStatus: "RUNNING" }));
  const pages = sdk.paginateListServices({ client, pageSize: SERVICES_MAX }, { cluster });
  for await (const { serviceArns = [] } of pages) {
    if (serviceArns.length === 0) continue;
    const described = await client.send(new sdk.DescribeServicesCommand({ cluster, services: serviceArns }));
    for (const service of described.services ?? []) {
      const { serviceName = "" } = service;
      yield {
        service,
        tasks: tasks.get(`service:${serviceName}`) ?? [],
        stopped: isUnsettled(service) ? await tasksOf({ desiredStatus: "STOPPED", serviceName }) : [],
      };
    }
  }
}
