/** Amazon ECS's JSON API (AWS JSON 1.1) of one service, as far as an executor uses it: what the SDK's own client sends. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";

const Json = z.record(z.string(), z.unknown());
type Json = z.infer<typeof Json>;

export interface EcsServer {
  readonly address: string;
  /** The operations that were asked for, with what they were sent, beside those that read. */
  readonly asked: { readonly operation: string; readonly body: Json }[];
  /** Task definitions by `family:revision`. */
  readonly definitions: Map<string, Json>;
  readonly service: {
    status: string;
    deploymentController?: { type: string };
    deployments: Json[];
  };
  /** The deployments of the last 90 days, newest first. */
  readonly history: { status: string; statusReason?: string; taskDefinition: string }[];
  /** What an operation is refused with; deleted by the test. */
  readonly refusals: Map<string, { status: number; type: string; message: string }>;
  readonly stop: () => Promise<void>;
}

export const arnOf = (name: string): string =>
  `arn:aws:ecs:eu-central-1:123456789012:task-definition/${name}`;

export const definitionOf = (revision: number, image: string, more: Json = {}): Json => ({
  taskDefinitionArn: arnOf(`billing:${revision}`),
  family: "billing",
  revision,
  status: "ACTIVE",
  taskRoleArn: "arn:aws:iam::123456789012:role/billing",
  requiresAttributes: [{ name: "com.amazonaws.ecs.capability.docker-remote-api.1.18" }],
  compatibilities: ["EC2", "FARGATE"],
  registeredAt: 1_793_000_000 + revision,
  containerDefinitions: [
    { name: "app", image, environment: [{ name: "MODE", value: "as of then" }] },
    { name: "sidecar", image: "public.ecr.aws/envoy:1" },
  ],
  ...more,
});

const nameOf = (arn: unknown): string => String(arn).replace(/^.*task-definition\//, "");
/** Deployments a page. */
const PAGE = 2;
const READING = /^(Describe|List)/;

export async function ecsServer(running: number, ...definitions: readonly Json[]): Promise<EcsServer> {
  const asked: EcsServer["asked"] = [];
  const known = new Map(definitions.map((one) => [nameOf(one.taskDefinitionArn), one]));
  const history: EcsServer["history"] = [];
  const refusals: EcsServer["refusals"] = new Map();
  const deployment = (name: string, rolloutState: string) => ({
    id: `ecs-svc/${name}`,
    status: "PRIMARY",
    taskDefinition: arnOf(name),
    rolloutState,
    updatedAt: 1_793_000_000,
  });
  const service: EcsServer["service"] = {
    status: "ACTIVE",
    deployments: [deployment(`billing:${running}`, "COMPLETED")],
  };
  const operations: Record<string, (body: Json) => object> = {
    DescribeServices: ({ cluster, services }) => {
      const isKnown = cluster === "eu-1" && JSON.stringify(services) === '["billing"]';
      return isKnown
        ? { services: [service] }
        : { services: [], failures: [{ arn: "billing", reason: "MISSING" }] };
    },
    DescribeTaskDefinition: ({ taskDefinition }) => ({ taskDefinition: known.get(nameOf(taskDefinition)) }),
    ListServiceDeployments: ({ nextToken }) => {
      const from = Number(nextToken ?? 0);
      const to = from + PAGE;
      return {
        serviceDeployments: history.slice(from, to).map(({ taskDefinition, ...one }, n) => ({
          ...one,
          serviceDeploymentArn: `arn:aws:ecs:eu-central-1:123456789012:service-deployment/eu-1/billing/${from + n}`,
          targetServiceRevisionArn: `revision/${taskDefinition}`,
        })),
        ...(to < history.length ? { nextToken: String(to) } : {}),
      };
    },
    DescribeServiceRevisions: ({ serviceRevisionArns }) => ({
      serviceRevisions: z
        .array(z.string())
        .parse(serviceRevisionArns)
        .map((arn) => ({
          serviceRevisionArn: arn,
          taskDefinition: arnOf(arn.replace("revision/", "")),
        })),
    }),
    RegisterTaskDefinition: (body) => {
      const revision = known.size + 100;
      const registered = { ...definitionOf(revision, ""), ...body };
      known.set(`billing:${revision}`, registered);
      return { taskDefinition: registered };
    },
    UpdateService: ({ taskDefinition }) => {
      service.deployments.unshift(deployment(nameOf(taskDefinition), "IN_PROGRESS"));
      for (const one of service.deployments.slice(1)) one.status = "ACTIVE";
      history.unshift({ status: "IN_PROGRESS", taskDefinition: nameOf(taskDefinition) });
      return { service };
    },
  };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const target = String(request.headers["x-amz-target"]);
    const operation = target.replace("AmazonEC2ContainerServiceV20141113.", "");
    const body = Json.parse(JSON.parse(Buffer.concat(pieces).toString("utf8")));
    if (!READING.test(operation)) asked.push({ operation, body });
    const refusal = refusals.get(operation);
    const answer = refusal
      ? { __type: refusal.type, message: refusal.message }
      : (operations[operation]?.(body) ?? {});
    response.writeHead(refusal?.status ?? 200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const listening: AddressInfo | string | null = server.address();
  return {
    address: `http://127.0.0.1:${typeof listening === "object" ? listening?.port : ""}`,
    ...{ asked, definitions: known, service, history, refusals },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
