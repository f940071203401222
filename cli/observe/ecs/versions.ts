/**
 * Reads the deployments of an ECS service as versions that run side by side: what the tasks of each run, and why tasks
 * stopped.
 * Format: docs.aws.amazon.com, API reference of `Service`, `Deployment`, `TaskSet`, `Task`; "Stopped tasks error
 * codes".
 */
import type {
  Container,
  Deployment,
  Service,
  ServiceTasks,
  Task,
  TaskSet,
} from "../../../functions/adapters/aws/ecs-tasks.ts";
import { isAddedByAws } from "../../../functions/sources/aws/aws-ecs.ts";
import type { Running, Seen } from "../../../functions/sources/deployers/pods.ts";
import { partsOf } from "../../../functions/sources/image.ts";
import { present } from "../../../functions/sources/payload.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { lastPart } from "../../../schemas/words/texts.ts";
import type { Obstacle, Version } from "../versions.ts";

/** A version, and the deployment that it is of; undefined: its tasks name none. */
export interface EcsVersion extends Version {
  readonly deployment: string | undefined;
}

/** Characters of a reason or revision. */
const TEXT_MAX = 64;

/** `family:revision` of a task definition. */
export const revisionOf = (definition: string | undefined): string | undefined =>
  definition === undefined ? undefined : lastPart(definition).slice(-TEXT_MAX);

// --- one task ---------------------------------------------------------------------------------------------

/** The image by the digest that ECS reports or the task definition pins, else by its tag. */
function imageOf({ image = "", imageDigest }: Container) {
  const { repository, tag, digest } = partsOf(image);
  const known = imageDigest ?? digest;
  return present({ repository, digest: known, tag: known === undefined ? tag : undefined });
}

/** The containers of a task but those that AWS adds; the only one is `main`, as events of ECS have it. */
function containersOf({ containers = [] }: Task) {
  const own = containers.filter(({ name = "" }) => !isAddedByAws(name));
  return own.map((container) => ({
    component: own.length === 1 ? "main" : (container.name ?? ""),
    container,
  }));
}

const imagesOf = (task: Task): Seen[] =>
  containersOf(task)
    .map(({ component, container }) => ({ component, ...imageOf(container) }))
    .sort(by(({ component }) => component));

function runningIn(task: Task): Running | undefined {
  const { lastStatus, startedAt, createdAt = startedAt, healthStatus } = task;
  if (lastStatus !== "RUNNING" || startedAt === undefined || createdAt === undefined) return undefined;
  const components = imagesOf(task);
  return {
    components,
    startedAt: startedAt.toISOString(),
    createdAt: createdAt.toISOString(),
    isReady: healthStatus !== "UNHEALTHY",
    // Tasks of one deployment run different images where a tag moved: no digest of them is another one of the same image.
    template: JSON.stringify(components),
  };
}

/** `CannotPullContainerError: pull image manifest has been retried…` */
const errorIn = (text: string | undefined): string | undefined =>
  /^([A-Z]\w*(?:Error|Exception)):/.exec(text ?? "")?.[1]?.slice(0, TEXT_MAX);

/** `Task failed ELB health checks in (target-group arn:…)`; other words of the scheduler are of what it was asked to do. */
const failedCheckIn = (text: string | undefined): string | undefined =>
  /^Task failed [\w ]*health checks/.exec(text ?? "")?.[0].slice(0, TEXT_MAX);

function exitsOf(task: Task): Obstacle[] {
  const failed = containersOf(task).filter(({ container: { exitCode = 0 } }) => exitCode !== 0);
  if (failed.length === 0) return [{ reason: "EssentialContainerExited" }];
  return failed.map(({ component, container: { exitCode } }) => ({
    reason: `EssentialContainerExited (exit code ${exitCode})`,
    container: component,
  }));
}

/** Why a task stopped; nothing where somebody or something wanted it to. */
function obstaclesOf(task: Task): Obstacle[] {
  const { stopCode, stoppedReason } = task;
  const errors = containersOf(task).flatMap(({ component, container: { reason } }) => {
    const error = errorIn(reason);
    return error === undefined ? [] : [{ reason: error, container: component }];
  });
  if (errors.length > 0) return errors;
  const reason = errorIn(stoppedReason) ?? failedCheckIn(stoppedReason);
  if (reason !== undefined) return [{ reason }];
  if (stopCode === "EssentialContainerExited") return exitsOf(task);
  const isWanted = stopCode === undefined || /Initiated$/.test(stopCode);
  return isWanted ? [] : [{ reason: stopCode }];
}

// --- one deployment ---------------------------------------------------------------------------------------

/** Why ECS gave a deployment up, or that tasks failed of which none is remembered. */
function rolloutObstacles(deployment: Deployment | TaskSet, explained: number): Obstacle[] {
  if (!("rolloutState" in deployment || "failedTasks" in deployment)) return [];
  const { rolloutState, rolloutStateReason = "", failedTasks: pods = 0 } = deployment;
  if (rolloutState === "FAILED")
    return [{ reason: (rolloutStateReason || "FAILED").slice(0, TEXT_MAX), pods: Math.max(pods, 1) }];
  return pods > 0 && explained === 0 ? [{ reason: "failedTasks", pods }] : [];
}

/** The newest event of a service, if it is that no task can be placed. */
const placement = ({ events = [] }: Service): Obstacle[] =>
  /was unable to place a task/.test(events[0]?.message ?? "") ? [{ reason: "unable to place a task" }] : [];

const millisecondsOf = (at: Date | undefined): number => at?.getTime() ?? Number.MAX_SAFE_INTEGER;

/** The deployments of a service that have tasks, or should have: the oldest first. */
export function versionsOf({ service, tasks, stopped }: ServiceTasks): EcsVersion[] {
  const deployments = [...(service.deployments ?? []), ...(service.taskSets ?? [])];
  const known = new Map(deployments.map((one) => [one.id, one]));
  // A task that somebody's own tool started names that.
  const ids = new Set([...known.keys(), ...tasks.map(({ startedBy }) => startedBy)]);
  return [...ids]
    .map((id) => {
      const deployment = known.get(id);
      const own = tasks.filter(({ startedBy }) => startedBy === id);
      const ended = stopped.filter(({ startedBy }) => startedBy === id);
      const isNewest = deployment?.status === "PRIMARY";
      const failures = ended.flatMap(obstaclesOf);
      const [shown = ended[0]] = own;
      const started = Math.min(
        ...own.map(({ createdAt, startedAt }) => millisecondsOf(createdAt ?? startedAt)),
      );
      return {
        createdMs: deployment?.createdAt?.getTime() ?? started,
        version: {
          deployment: id?.startsWith("ecs-svc/") ? id : undefined,
          pods: own.length,
          running: own.flatMap((task) => runningIn(task) ?? []),
          images: shown === undefined ? [] : imagesOf(shown),
          obstacles: [
            ...failures,
            ...(deployment === undefined ? [] : rolloutObstacles(deployment, failures.length)),
            ...(isNewest ? placement(service) : []),
          ],
          revision: revisionOf(deployment?.taskDefinition ?? own[0]?.taskDefinitionArn),
          weight: undefined,
        },
      };
    })
    .sort((a, b) => a.createdMs - b.createdMs)
    .map(({ version }) => version);
}
