/** `asof observe ecs`: what tasks run, by a server that answers as the API of ECS does (AWS JSON 1.1). */
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { Release } from "../../schemas/answer.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, type LedgerServer, ledgerServer } from "./harness.ts";

const servers: Server[] = [];
beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  await cleanUp();
});

const ARN = "arn:aws:ecs:eu-central-1:123456789012";
const ONE = digestOf("one");
const TWO = digestOf("two");
const web = (imageDigest: string) => ({ name: "web", image: "ghcr.io/acme/web:1.0", imageDigest });

const task = (id: string, service: string, containers: readonly object[], more: object = {}) => ({
  taskArn: `${ARN}:task/production/${id}`,
  clusterArn: `${ARN}:cluster/production`,
  group: `service:${service}`,
  startedBy: "ecs-svc/7",
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  // Seconds since 1970, as this protocol writes times.
  startedAt: Date.parse("2026-11-20T08:00:00Z") / 1000,
  containers,
  ...more,
});
type Task = ReturnType<typeof task>;

const Asked = z.looseObject({
  cluster: z.string(),
  tasks: z.array(z.string()).optional(),
  nextToken: z.string().optional(),
});

/** A cluster whose tasks are listed two a page. */
async function givenCluster(tasks: readonly Task[], status = 200) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const body = Asked.parse(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    const target = String(request.headers["x-amz-target"]);
    asked.push(`${target} ${body.cluster}`);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    if (status !== 200) {
      response.end(JSON.stringify({ __type: "ClusterNotFoundException", message: "Cluster not found." }));
      return;
    }
    const start = Number(body.nextToken ?? 0);
    const listed = tasks.slice(start, start + 2).map(({ taskArn }) => taskArn);
    const nextToken = start + 2 < tasks.length ? { nextToken: String(start + 2) } : {};
    const answer = target.endsWith(".ListTasks")
      ? { taskArns: listed, ...nextToken }
      : { tasks: tasks.filter(({ taskArn }) => body.tasks?.includes(taskArn) === true), failures: [] };
    response.end(JSON.stringify(answer));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, asked };
}

const look = (ledger: LedgerServer, { url }: { url: string }, ...more: readonly string[]) =>
  asof(["observe", "ecs", "production", "--region", "eu-central-1", ...more], {
    ASOF_URL: ledger.url,
    AWS_ENDPOINT_URL_ECS: url,
  });

describe("asof observe ecs", () => {
  it("reports what the tasks of each service run, page by page, and answers it", async () => {
    const ledger = await ledgerServer();
    const later = { startedAt: Date.parse("2026-11-21T08:00:00Z") / 1000 };
    const worker = { name: "worker", image: `ghcr.io/acme/worker@${TWO}` };
    const cluster = await givenCluster([
      task("a", "web", [web(ONE), { name: "ecs-service-connect-x", image: "x" }]),
      task("b", "web", [web(ONE)], later),
      task("c", "worker", [worker, { ...web(ONE), name: "side" }], { startedBy: "somebody" }),
      task("d", "web", [web(TWO)], { lastStatus: "PENDING" }),
      task("e", "none", [web(TWO)], { group: "family:once" }),
    ]);
    const { out } = await look(ledger, cluster, "--dry-run", "--json");
    const environment = "123456789012/eu-central-1/production";
    expect(out.split("\n").map((line) => JSON.parse(line))).toMatchObject([
      {
        kind: "deployment.observed",
        source: `/observe/ecs/${environment}`,
        environment,
        service: "web",
        since: "2026-11-21T08:00:00.000Z",
        deployment: { provider: "ecs", instance: environment, id: "ecs-svc/7" },
        components: [{ component: "main", repository: "ghcr.io/acme/web", digest: ONE }],
      },
      {
        service: "worker",
        components: [
          { component: "side", digest: ONE },
          { component: "worker", digest: TWO },
        ],
      },
    ]);
    expect(cluster.asked).toContain("AmazonEC2ContainerServiceV20141113.ListTasks production");
    expect((await look(ledger, cluster)).out).toContain("2 recorded");
    expect((await look(ledger, cluster)).out).toContain("0 recorded, 2 duplicate");
    const place = { environment, service: "web" };
    const { json } = await ledger.doors.client().get("/v1/release", place);
    expect(Release.parse(json)).toMatchObject({ status: "running", components: [{ digest: ONE }] });
  });

  it("says that a rollout is under way where tasks differ", async () => {
    const cluster = await givenCluster([task("a", "web", [web(ONE)]), task("b", "web", [web(TWO)])]);
    const { code, out } = await look(await ledgerServer(), cluster);
    expect(code).toBe(0);
    expect(out).toContain("0 statements");
    expect(out).toContain("a rollout is under way (production/web)");
  });

  it("fails in one line where the cluster is unknown", async () => {
    const ended = await look(await ledgerServer(), await givenCluster([], 400));
    expect(ended).toMatchObject({
      code: 1,
      err: expect.stringContaining("asof: ECS answered ClusterNotFoundException: Cluster not found."),
    });
  });
});
