/**
 * `asof import ecs`, against a server of the API of Amazon ECS: its pages, its refusals, and its answers by AWS's own
 * description of them. The first deployment and revision are AWS's published examples (docs.aws.amazon.com, API reference
 * of DescribeServiceDeployments and DescribeServiceRevisions), with other times.
 */
import * as sdk from "@aws-sdk/client-ecs";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { Release, Timeline } from "../../schemas/answer.ts";
import { AwsError, type JsonService, jsonService, pageOf, signedIn } from "../aws/json-service.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

const services: JsonService[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of services.splice(0)) await one.stop();
  await cleanUp();
});

const ARN = "arn:aws:ecs:us-west-2:123456789012";
const CLUSTER = `${ARN}:cluster/example`;
const revisionArn = (number: string, service = "sd-example") =>
  `${ARN}:service-revision/example/${service}/${number}`;
const DIGEST = `sha256:${"9".repeat(64)}`;
const at = (day: string, time: string): Date => new Date(`2026-09-${day}T${time}Z`);

const [OLD, BROKEN, NEW] = ["4980306466373577095", "4980306466373578954", "5980306466373578001"];

const deployment = (id: string, number: string, day: string, more: object) => ({
  serviceDeploymentArn: `${ARN}:service-deployment/example/sd-example/${id}`,
  serviceArn: `${ARN}:service/example/sd-example`,
  clusterArn: CLUSTER,
  createdAt: at(day, "10:00:00"),
  startedAt: at(day, "10:00:01"),
  targetServiceRevision: {
    arn: revisionArn(number),
    requestedTaskCount: 2,
    runningTaskCount: 2,
    pendingTaskCount: 0,
  },
  deploymentConfiguration: {
    deploymentCircuitBreaker: { enable: false, rollback: false },
    maximumPercent: 200,
    minimumHealthyPercent: 100,
  },
  ...more,
});
const DEPLOYMENTS = [
  deployment("NCWGC2ZR-taawPAYrIaU5", OLD, "10", {
    status: "SUCCESSFUL",
    finishedAt: at("10", "10:05:00.572"),
  }),
  deployment("r9i43YFjvgF_xlg7m2eJ1r", BROKEN, "12", {
    status: "ROLLBACK_SUCCESSFUL",
    rollback: {
      reason: "Service deployment rolled back because of the circuit breaker.",
      startedAt: at("12", "10:10:00"),
      serviceRevisionArn: revisionArn(OLD),
    },
    finishedAt: at("12", "10:20:00"),
  }),
  deployment("EZe5RNVLH6PPzHXINuP28", NEW, "14", { status: "SUCCESSFUL", finishedAt: at("14", "10:05:00") }),
];

const revision = (number: string, more: object) => ({
  serviceRevisionArn: revisionArn(number),
  serviceArn: `${ARN}:service/example/sd-example`,
  clusterArn: CLUSTER,
  launchType: "FARGATE",
  platformFamily: "DockerLinux",
  platformVersion: "1.4.0",
  taskDefinition: `${ARN}:task-definition/large-nginx:1`,
  createdAt: at("10", "16:49:26"),
  ...more,
});
const REVISIONS = [
  revision(OLD, {
    containerImages: [
      {
        containerName: "app",
        image: "123456789012.dkr.ecr.us-west-2.amazonaws.com/app:1.0",
        imageDigest: DIGEST,
      },
      {
        containerName: "aws-guardduty-agent-x9",
        image: "593207742271.dkr.ecr.us-west-2.amazonaws.com/agent:1",
      },
    ],
  }),
  // Of older revisions ECS has no images: the task definition does.
  revision(NEW, { taskDefinition: `${ARN}:task-definition/large-nginx:2` }),
];

const names = z.array(z.string());

async function ecs({
  early = [],
  running = NEW,
  refused = [],
}: {
  early?: AwsError[];
  running?: string;
  refused?: string[];
} = {}) {
  const found = <T>(all: readonly T[], wanted: unknown, arnOf: (one: T) => string, max: number) => {
    const arns = names.max(max).parse(wanted);
    return all.filter((one) => arns.includes(arnOf(one)));
  };
  const service = await jsonService(
    sdk,
    {
      ListClusters: ({ nextToken }) => {
        const { items, nextToken: next } = pageOf([CLUSTER, `${ARN}:cluster/empty`], nextToken, 1);
        return { clusterArns: items, nextToken: next };
      },
      ListServices: ({ cluster, nextToken }) => {
        const arns =
          cluster === CLUSTER ? [`${ARN}:service/example/sd-example`, `${ARN}:service/example/other`] : [];
        const { items, nextToken: next } = pageOf(arns, nextToken, 1);
        return { serviceArns: items, nextToken: next };
      },
      DescribeServices: ({ services: wanted }) => ({
        services: names
          .max(10)
          .parse(wanted)
          .map((arn) => ({
            serviceArn: arn,
            clusterArn: CLUSTER,
            serviceName: arn.split("/").at(-1),
            deployments: arn.endsWith("sd-example")
              ? [{ id: `ecs-svc/${running}`, status: "PRIMARY", createdAt: at("14", "10:00:00") }]
              : [],
          })),
        failures: [],
      }),
      ListServiceDeployments: ({ service: of, nextToken }) => {
        if (refused.includes(String(of).split("/").at(-1) ?? ""))
          throw new AwsError("UnsupportedFeatureException");
        const all = String(of).endsWith("sd-example") ? DEPLOYMENTS.toReversed() : [];
        const { items, nextToken: next } = pageOf(all, nextToken, 2);
        return {
          serviceDeployments: items.map(({ serviceDeploymentArn, serviceArn }) => ({
            serviceDeploymentArn,
            serviceArn,
          })),
          nextToken: next,
        };
      },
      DescribeServiceDeployments: ({ serviceDeploymentArns: wanted }) => ({
        serviceDeployments: found(DEPLOYMENTS, wanted, (one) => one.serviceDeploymentArn, 20),
        failures: [],
      }),
      DescribeServiceRevisions: ({ serviceRevisionArns: wanted }) => ({
        serviceRevisions: found(REVISIONS, wanted, (one) => one.serviceRevisionArn, 20),
        failures: [{ arn: revisionArn(BROKEN), reason: "MISSING" }],
      }),
      DescribeTaskDefinition: () => ({
        taskDefinition: {
          containerDefinitions: [
            { name: "app", image: "123456789012.dkr.ecr.us-west-2.amazonaws.com/app:2.0" },
          ],
        },
      }),
    },
    early,
  );
  services.push(service);
  for (const [name, value] of Object.entries(signedIn(service.url))) vi.stubEnv(name, value);
  return service;
}

const PLACE = { environment: "123456789012/us-west-2/example", service: "sd-example" };
const ARGS = ["import", "ecs"];

/** The event that ECS sent of a deployment (AWS's published sample, with its own values). */
const event = (number: string, name: string, time: string, day: string) => ({
  version: "0",
  id: `event-${number}-${name}`,
  "detail-type": "ECS Deployment State Change",
  source: "aws.ecs",
  account: "123456789012",
  time: at(day, time).toISOString(),
  region: "us-west-2",
  resources: [`${ARN}:service/example/sd-example`],
  detail: {
    eventType: "INFO",
    eventName: `SERVICE_DEPLOYMENT_${name}`,
    deploymentId: `ecs-svc/${number}`,
    updatedAt: at(day, time).toISOString(),
    reason: `ECS deployment ecs-svc/${number}`,
  },
});

const entriesOf = async (ledger: Awaited<ReturnType<typeof ledgerServer>>) => {
  const asked = { environment: PLACE.environment, from: "2026-09-01", to: "2026-10-01" };
  return Timeline.parse((await ledger.doors.client().get("/v1/timeline", asked)).json).entries;
};

describe("an import of ECS", { timeout: 60_000 }, () => {
  it("records what ECS remembers: digests, task definitions, and what was rolled back", async () => {
    const [ledger, api] = [await ledgerServer(), await ecs()];
    const env = { ASOF_URL: ledger.url };
    const { out, err, code } = await asof(ARGS, env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [counted, unknown] = out.split("\n");
    expect(counted).toBe("6 statements: 6 recorded");
    expect(unknown).toContain(
      "the images of a deployment whose revision ECS does not describe (example/sd-example r9i43YFjvgF_xlg7m2eJ1r)",
    );
    expect(unknown).toContain("deployments older than the 90 days that ECS keeps");
    expect(api.calls.filter(({ operation }) => operation === "ListServiceDeployments")).toHaveLength(3);
    expect((await asof(ARGS, env)).out).toContain("0 recorded, 6 duplicate");

    const client = ledger.doors.client();
    const released = async (day: string) =>
      Release.parse((await client.get("/v1/release", { ...PLACE, at: day })).json);
    expect(await released("2026-09-13")).toMatchObject({
      since: "2026-09-10T10:05:00.572Z",
      components: [{ component: "main", digest: DIGEST }],
      config: [{ revision: `${ARN}:task-definition/large-nginx:1` }],
      deployment: { provider: "ecs", instance: PLACE.environment, id: `ecs-svc/${OLD}` },
    });
    expect(await released("2026-09-15")).toMatchObject({
      config: [{ revision: `${ARN}:task-definition/large-nginx:2` }],
    });
    expect((await entriesOf(ledger)).map(({ what }) => what)).toEqual([
      "started",
      "deployed",
      "started",
      "failed",
      "started",
      "deployed",
    ]);
  });

  it("gives way to ECS's events of the same deployments, whichever came first", async () => {
    await ecs();
    for (const isFirst of [true, false]) {
      const ledger = await ledgerServer();
      const env = { ASOF_URL: ledger.url };
      if (isFirst) await asof(ARGS, env);
      const writer = ledger.doors.client("writer");
      for (const one of [
        event(NEW, "IN_PROGRESS", "10:00:02", "14"),
        event(NEW, "COMPLETED", "10:05:01", "14"),
      ])
        expect((await writer.post("/v1/webhooks/aws", one)).status).toBe(202);
      if (!isFirst) await asof(ARGS, env);
      const entries = await entriesOf(ledger);
      expect(entries).toHaveLength(6);
      expect(
        entries.slice(4).map(({ fact, alsoReported }) => [fact.source, alsoReported?.map(({ id }) => id)]),
      ).toEqual([
        ["/webhooks/aws/ecs/123456789012/us-west-2", ["EZe5RNVLH6PPzHXINuP28/started"]],
        ["/webhooks/aws/ecs/123456789012/us-west-2", ["EZe5RNVLH6PPzHXINuP28/succeeded"]],
      ]);
    }
  });

  it("says so where ECS's own numbers do not show which deployments its events are about", async () => {
    await ecs({ running: "1" });
    const { out } = await asof([...ARGS, "--dry-run", "--json"]);
    const ids = out.split("\n").map((line) => JSON.parse(line).deployment.id);
    expect(new Set(ids)).toEqual(
      new Set(["NCWGC2ZR-taawPAYrIaU5", "r9i43YFjvgF_xlg7m2eJ1r", "EZe5RNVLH6PPzHXINuP28"]),
    );
    const { out: text } = await asof([...ARGS, "--dry-run"]);
    expect(text).toContain("which deployments ECS's events are about (example/sd-example)");
  });

  it("repeats what is throttled, and names what is refused", async () => {
    const api = await ecs({
      early: [new AwsError("ThrottlingException"), new AwsError("ServerException", 500)],
      refused: ["other"],
    });
    const { out, code } = await asof([...ARGS, "--dry-run"]);
    expect({ code, lines: out.split("\n").slice(-2) }).toEqual({
      code: 0,
      lines: [
        "would send 6 statements: 6 to record",
        expect.stringContaining(
          "the deployments of a service, because ECS answers UnsupportedFeatureException (example/other)",
        ),
      ],
    });
    expect(api.calls.filter(({ operation }) => operation === "ListClusters")).toHaveLength(4);
  });

  it("asks for a login where there is none", async () => {
    await ecs({ early: [new AwsError("UnrecognizedClientException")] });
    expect(await asof([...ARGS, "--dry-run"])).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        "ECS answered UnrecognizedClientException: UnrecognizedClientException: sign in",
      ),
    });
  });
});
