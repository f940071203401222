/**
 * `asof observe ecs`, against a server of the API of Amazon ECS whose answers are checked against AWS's description of them.
 * Texts of failures: docs.aws.amazon.com, "Stopped tasks error codes" and "Deployment circuit breaker".
 */
import * as sdk from "@aws-sdk/client-ecs";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { Release } from "../../schemas/answer.ts";
import { AwsError, type JsonService, jsonService, pageOf, signedIn } from "../aws/json-service.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer } from "./harness.ts";

const services: JsonService[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of services.splice(0)) await one.stop();
  await cleanUp();
});

const ARN = "arn:aws:ecs:eu-central-1:123456789012";
const ENVIRONMENT = "123456789012/eu-central-1/production";
const [ONE, TWO] = [digestOf("one"), digestOf("two")];
const [SEVEN, EIGHT] = ["ecs-svc/7", "ecs-svc/8"];

const container = (name: string, image: string, more: object = {}) => ({ name, image, ...more });
const web = (imageDigest: string) => container("web", "ghcr.io/acme/web:1.0", { imageDigest });

const task = (id: string, service: string, containers: readonly object[], more: object = {}) => ({
  taskArn: `${ARN}:task/production/${id}`,
  clusterArn: `${ARN}:cluster/production`,
  group: `service:${service}`,
  startedBy: SEVEN,
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  createdAt: new Date("2026-11-20T07:59:00Z"),
  startedAt: new Date("2026-11-20T08:00:00Z"),
  containers,
  ...more,
});
type Task = ReturnType<typeof task>;

/** One that never ran, or runs no more. */
const stopped = (id: string, containers: readonly object[], more: object) =>
  task(id, "web", containers, { lastStatus: "STOPPED", desiredStatus: "STOPPED", startedBy: EIGHT, ...more });

const deployment = (id: string, more: object = {}) => ({
  id,
  status: "PRIMARY",
  taskDefinition: `${ARN}:task-definition/web:${id.slice("ecs-svc/".length)}`,
  desiredCount: 2,
  runningCount: 2,
  pendingCount: 0,
  failedTasks: 0,
  createdAt: new Date(id === SEVEN ? "2026-11-20T07:58:00Z" : "2026-11-22T08:50:00Z"),
  rolloutState: "COMPLETED",
  rolloutStateReason: `ECS deployment ${id} completed.`,
  ...more,
});

const service = (serviceName: string, more: object = {}) => ({
  serviceArn: `${ARN}:service/production/${serviceName}`,
  clusterArn: `${ARN}:cluster/production`,
  serviceName,
  status: "ACTIVE",
  desiredCount: 2,
  runningCount: 2,
  pendingCount: 0,
  taskDefinition: `${ARN}:task-definition/web:7`,
  deployments: [deployment(SEVEN)],
  ...more,
});
type Service = ReturnType<typeof service>;

/** In the middle of a rollout: the newest first, as ECS lists them. */
const rollingOut = (newer: object, more: object = {}) =>
  service("web", {
    taskDefinition: `${ARN}:task-definition/web:8`,
    deployments: [
      deployment(EIGHT, { rolloutState: "IN_PROGRESS", runningCount: 0, ...newer }),
      deployment(SEVEN, { status: "ACTIVE" }),
    ],
    ...more,
  });

const arns = z.array(z.string()).max(100);

/** A cluster of two services or tasks a page. */
async function givenCluster(described: readonly Service[], tasks: readonly Task[], early: AwsError[] = []) {
  const api = await jsonService(
    sdk,
    {
      ListServices: ({ nextToken }) => {
        const page = pageOf(described, nextToken, 2);
        return { serviceArns: page.items.map(({ serviceArn }) => serviceArn), nextToken: page.nextToken };
      },
      DescribeServices: ({ services: wanted }) => ({
        services: described.filter(({ serviceArn }) => arns.max(10).parse(wanted).includes(serviceArn)),
        failures: [],
      }),
      ListTasks: ({ desiredStatus, serviceName, nextToken }) => {
        const found = tasks.filter(
          (one) =>
            one.desiredStatus === desiredStatus &&
            (serviceName === undefined || one.group === `service:${String(serviceName)}`),
        );
        const page = pageOf(found, nextToken, 2);
        return { taskArns: page.items.map(({ taskArn }) => taskArn), nextToken: page.nextToken };
      },
      DescribeTasks: ({ tasks: wanted }) => ({
        tasks: tasks.filter(({ taskArn }) => arns.parse(wanted).includes(taskArn)),
        failures: [],
      }),
    },
    early,
  );
  services.push(api);
  for (const [name, value] of Object.entries(signedIn(api.url))) vi.stubEnv(name, value);
  return api;
}

const look = (ledger: LedgerServer, ...more: readonly string[]) =>
  asof(["observe", "ecs", "production", ...more], { ASOF_URL: ledger.url });

async function seenOf(...more: readonly string[]): Promise<unknown[]> {
  const { out } = await look(await ledgerServer(), "--dry-run", "--json", ...more);
  return out.split("\n").map((line) => JSON.parse(line));
}

describe("asof observe ecs", () => {
  it("reports what the tasks of each service run, page by page, and answers it", async () => {
    const ledger = await ledgerServer();
    const worker = container("worker", `ghcr.io/acme/worker@${TWO}`);
    const api = await givenCluster(
      [service("web", { desiredCount: 3 }), service("worker"), service("idle", { desiredCount: 0 })],
      [
        task("a", "web", [web(ONE), container("ecs-service-connect-x", "x")]),
        task("b", "web", [web(ONE)], { startedAt: new Date("2026-11-21T08:00:00Z") }),
        task("c", "worker", [worker, { ...web(ONE), name: "side" }], { startedBy: "somebody" }),
        task("d", "web", [container("web", "ghcr.io/acme/web:1.0")], { lastStatus: "PENDING" }),
        task("e", "none", [web(TWO)], { group: "family:once" }),
      ],
    );
    expect(await seenOf()).toMatchObject([
      {
        kind: "deployment.observed",
        source: `/observe/ecs/${ENVIRONMENT}`,
        environment: ENVIRONMENT,
        service: "web",
        since: "2026-11-21T08:00:00.000Z",
        deployment: { provider: "ecs", instance: ENVIRONMENT, id: SEVEN },
        components: [{ component: "main", repository: "ghcr.io/acme/web", digest: ONE }],
        clusterState: { pods: 3, ready: 2, desired: 3, revision: "web:7" },
      },
      {
        service: "worker",
        components: [
          { component: "side", digest: ONE },
          { component: "worker", digest: TWO },
        ],
      },
    ]);
    expect(api.calls.filter(({ operation }) => operation === "ListServices")).toHaveLength(2);
    const first = await look(ledger);
    expect(first.out).toContain("2 recorded");
    expect(first.out).toContain("could not be known: nothing that was looked for");
    expect((await look(ledger)).out).toContain("0 recorded, 2 duplicate");
    const place = { environment: ENVIRONMENT, service: "web" };
    const { json } = await ledger.doors.client().get("/v1/release", place);
    expect(Release.parse(json)).toMatchObject({ status: "running", components: [{ digest: ONE }] });
  });

  it("shows two deployments side by side, while what ran before runs for all", async () => {
    const isNew = { startedBy: EIGHT, startedAt: new Date("2026-11-22T08:55:00Z") };
    const api = await givenCluster(
      [rollingOut({ runningCount: 1 })],
      [
        task("new", "web", [web(TWO)], { ...isNew, healthStatus: "UNHEALTHY" }),
        task("old", "web", [web(ONE)], { healthStatus: "HEALTHY" }),
        task("older", "web", [web(ONE)]),
      ],
    );
    expect(await seenOf()).toMatchObject([
      {
        components: [{ digest: ONE }],
        since: "2026-11-20T08:00:00.000Z",
        deployment: { id: SEVEN },
        clusterState: {
          pods: 3,
          ready: 2,
          desired: 2,
          revision: "web:8",
          versions: [
            { components: [{ digest: ONE }], pods: 2, ready: 2, revision: "web:7" },
            {
              components: [{ digest: TWO }],
              pods: 1,
              ready: 0,
              since: "2026-11-22T08:55:00.000Z",
              revision: "web:8",
            },
          ],
        },
      },
    ]);
    expect(api.calls).toContainEqual({
      operation: "ListTasks",
      input: { cluster: "production", desiredStatus: "STOPPED", serviceName: "web", maxResults: 100 },
    });
  });

  it.each<[string, object, object, object]>([
    [
      "an image that cannot be pulled",
      {},
      {
        stopCode: "TaskFailedToStart",
        stoppedReason:
          "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref",
      },
      { reason: "CannotPullContainerError", pods: 1 },
    ],
    [
      "the exit code of a container",
      { exitCode: 3 },
      { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" },
      { reason: "EssentialContainerExited (exit code 3)", component: "main", pods: 1 },
    ],
    [
      "a container without memory",
      { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
      { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" },
      { reason: "OutOfMemoryError", component: "main", pods: 1 },
    ],
    [
      "a load balancer that finds a task unhealthy",
      {},
      {
        stopCode: "ServiceSchedulerInitiated",
        stoppedReason:
          "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-central-1:1:tg/a)",
      },
      { reason: "Task failed ELB health checks", pods: 1 },
    ],
    ["capacity that was taken away", {}, { stopCode: "SpotInterruption" }, { reason: "SpotInterruption" }],
  ])("says what stands in the way: %s", async (_, ofContainer, ofTask, obstacle) => {
    await givenCluster(
      [rollingOut({})],
      [
        task("old", "web", [web(ONE)]),
        stopped("new", [container("web", "ghcr.io/acme/web:2.0", ofContainer)], ofTask),
        stopped("scaled", [web(ONE)], {
          startedBy: SEVEN,
          stopCode: "ServiceSchedulerInitiated",
          stoppedReason: "Scaling activity initiated by (deployment ecs-svc/8)",
        }),
      ],
    );
    const [seen] = await seenOf();
    expect(seen).toMatchObject({
      components: [{ digest: ONE }],
      clusterState: {
        pods: 1,
        versions: [{ pods: 1 }, { components: [{ tag: "2.0" }], pods: 0, ready: 0, revision: "web:8" }],
        obstacles: [obstacle],
      },
    });
  });

  it("says why ECS gave a deployment up, that tasks failed of which none is left, and that none can be placed", async () => {
    const rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
    const message = "(service web) was unable to place a task because no container instance met all of its…";
    const running = [task("old", "web", [web(ONE)])];
    await givenCluster([rollingOut({ rolloutState: "FAILED", failedTasks: 5, rolloutStateReason })], running);
    expect(await seenOf()).toMatchObject([
      { clusterState: { obstacles: [{ reason: rolloutStateReason, pods: 5 }] } },
    ]);
    await givenCluster([rollingOut({ failedTasks: 2 }, { events: [{ id: "1", message }] })], running);
    expect(await seenOf()).toMatchObject([
      {
        clusterState: {
          obstacles: [
            { reason: "failedTasks", pods: 2 },
            { reason: "unable to place a task", pods: 1 },
          ],
        },
      },
    ]);
  });

  it("says what it cannot know: a service without a running task, and a tag that moved within one deployment", async () => {
    await givenCluster(
      [rollingOut({}), service("moved")],
      [
        stopped("a", [web(ONE)], {
          stopCode: "TaskFailedToStart",
          stoppedReason: "ResourceInitializationError: x",
        }),
        task("b", "moved", [web(ONE)]),
        task("c", "moved", [web(TWO)]),
      ],
    );
    const { code, out } = await look(await ledgerServer());
    expect(code).toBe(0);
    expect(out).toContain("0 statements");
    expect(out).toContain(
      "what a service runs that has no running task: ResourceInitializationError (production/web)",
    );
    expect(out).toContain("tasks of one deployment run different images (production/moved)");
  });

  it("takes task sets of another deployer as deployments", async () => {
    const set = (id: string, status: string) => ({ ...deployment(id), status, computedDesiredCount: 1 });
    const known = ["id", "status", "taskDefinition", "createdAt", "runningCount", "pendingCount"];
    const taskSets = [set(EIGHT, "ACTIVE"), set(SEVEN, "PRIMARY")].map((one) =>
      Object.fromEntries(Object.entries(one).filter(([key]) => known.includes(key))),
    );
    await givenCluster(
      [service("web", { deployments: [], taskSets, deploymentController: { type: "CODE_DEPLOY" } })],
      [task("old", "web", [web(ONE)]), task("new", "web", [web(TWO)], { startedBy: EIGHT })],
    );
    expect(await seenOf()).toMatchObject([
      {
        components: [{ digest: ONE }],
        deployment: { id: SEVEN },
        clusterState: { versions: [{ revision: "web:7" }, { revision: "web:8" }] },
      },
    ]);
  });

  it("fails in one line where the cluster is unknown", async () => {
    await givenCluster([], [], [new AwsError("ClusterNotFoundException")]);
    expect(await look(await ledgerServer())).toMatchObject({
      code: 1,
      err: expect.stringContaining("asof: ECS answered ClusterNotFoundException"),
    });
  });
});
