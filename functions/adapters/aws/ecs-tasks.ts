/** What runs in clusters of Amazon ECS: their tasks, by its API (ListTasks, DescribeTasks). */
import type { Task } from "@aws-sdk/client-ecs";
import { TIMEOUTS } from "../timeouts.ts";

export interface EcsContainer {
  readonly name: string;
  /** As the task definition names it. */
  readonly image: string;
  /** Absent where an old agent pulled from another registry than ECR. */
  readonly imageDigest?: string;
}

/** A task that runs, of a service. */
export interface EcsTask {
  /** `arn:aws:ecs:<region>:<account>:cluster/<name>` */
  readonly clusterArn: string;
  readonly service: string;
  /** The deployment that started it, `ecs-svc/…`. */
  readonly deployment: string | undefined;
  readonly startedAt: Date;
  readonly containers: readonly EcsContainer[];
}

/** Tasks that one DescribeTasks takes. */
const PAGE = 100;

interface Access {
  readonly region: string | undefined;
  /** Of a server with the API of ECS; absent: AWS. */
  readonly endpoint: string | undefined;
}

/** A task as it is needed here; undefined if it is of no service, or does not run. */
function runningTask({
  clusterArn,
  group = "",
  startedBy = "",
  startedAt,
  ...task
}: Task): EcsTask | undefined {
  const [, service] = /^service:(.+)$/.exec(group) ?? [];
  const isRunning = task.lastStatus === "RUNNING" && startedAt !== undefined;
  if (service === undefined || clusterArn === undefined || !isRunning) return undefined;
  return {
    clusterArn,
    service,
    deployment: startedBy.startsWith("ecs-svc/") ? startedBy : undefined,
    startedAt,
    containers: (task.containers ?? []).map(({ name = "", image = "", imageDigest }) => ({
      name,
      image,
      ...(imageDigest === undefined ? {} : { imageDigest }),
    })),
  };
}

/**
 * The running tasks of the services of a cluster. Loads the SDK on first use. Throws what the SDK throws.
 * @param cluster its name or ARN
 */
export async function* tasksOf(cluster: string, { region, endpoint }: Access): AsyncGenerator<EcsTask> {
  const { DescribeTasksCommand, ECSClient, paginateListTasks } = await import("@aws-sdk/client-ecs");
  const client = new ECSClient({
    requestHandler: TIMEOUTS,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const pages = paginateListTasks({ client, pageSize: PAGE }, { cluster, desiredStatus: "RUNNING" });
  for await (const { taskArns = [] } of pages) {
    if (taskArns.length === 0) continue;
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    yield* tasks.flatMap((task) => runningTask(task) ?? []);
  }
}
