/** The services of one region of Amazon ECS: what runs, and the start of a deployment. */
import type { Deployment, ECSClient, ServiceDeploymentBrief, TaskDefinition } from "@aws-sdk/client-ecs";
import { TIMEOUTS } from "../timeouts.ts";

export type { Deployment, TaskDefinition };

/** ECS refused a request, and would refuse it again. The message is ECS's own. */
export class EcsRefused extends Error {}

/** One try to deploy, of the last 90 days. */
export interface ServiceDeployment {
  readonly status: string;
  readonly reason: string | undefined;
  readonly taskDefinition: string;
}

export interface EcsServices {
  /** The service's rolling deployments, and what makes its deployments; undefined if there is no such service. */
  readonly service: (
    cluster: string,
    service: string,
  ) => Promise<{ controller: string; deployments: readonly Deployment[] } | undefined>;
  /** @param name `family:revision`, or an ARN */
  readonly taskDefinition: (name: string) => Promise<TaskDefinition>;
  /** Newest first. */
  readonly deploymentsSince: (cluster: string, service: string, since: Date) => Promise<ServiceDeployment[]>;
  /** Registers a copy of a described task definition, and returns its ARN. */
  readonly register: (definition: TaskDefinition) => Promise<string>;
  readonly update: (cluster: string, service: string, taskDefinition: string) => Promise<void>;
}

/** What ECS adds to a task definition when it is registered, and does not take at registering. */
export function registrable(definition: TaskDefinition) {
  const { taskDefinitionArn, revision, status, requiresAttributes, compatibilities, ...rest } = definition;
  const { registeredAt, registeredBy, deregisteredAt, family, containerDefinitions, ...own } = rest;
  return { ...own, family: family ?? "", containerDefinitions: containerDefinitions ?? [] };
}

/** Revisions that one request describes. */
const DESCRIBED_MAX = 20;

/** The SDK marks faults of the caller; those of throttling and time can pass. */
const PASSING = /Throttl|TooManyRequests|RequestTimeout|Expired|UpdateInProgress|Timeout/;

function refusal(error: unknown): unknown {
  const isClients = error instanceof Error && "$fault" in error && error.$fault === "client";
  if (!isClients || PASSING.test(error.name)) return error;
  return new EcsRefused(`Amazon ECS refuses: ${error.name}: ${error.message}`, { cause: error });
}

/** Loads the SDK's client on first use: most invocations deploy nothing to ECS. */
export function ecsServices(region: string, endpoint?: string): EcsServices {
  const load = async () => {
    const sdk = await import("@aws-sdk/client-ecs");
    const settings = { region, requestHandler: TIMEOUTS, ...(endpoint === undefined ? {} : { endpoint }) };
    return { sdk, client: new sdk.ECSClient(settings) };
  };
  type Sdk = Awaited<ReturnType<typeof load>>["sdk"];
  let loading: ReturnType<typeof load> | undefined;
  async function call<T>(send: (client: ECSClient, sdk: Sdk) => Promise<T>): Promise<T> {
    loading ??= load();
    const { sdk, client } = await loading;
    try {
      return await send(client, sdk);
    } catch (error) {
      throw refusal(error);
    }
  }

  /** The task definitions of revisions, by ARN. */
  const revisionsOf = (arns: readonly string[]) =>
    call(async (client, { DescribeServiceRevisionsCommand }) => {
      const found = new Map<string | undefined, string | undefined>();
      for (let n = 0; n < arns.length; n += DESCRIBED_MAX) {
        const serviceRevisionArns = arns.slice(n, n + DESCRIBED_MAX);
        const { serviceRevisions = [] } = await client.send(
          new DescribeServiceRevisionsCommand({ serviceRevisionArns }),
        );
        for (const one of serviceRevisions) found.set(one.serviceRevisionArn, one.taskDefinition);
      }
      return found;
    });

  /** All pages. */
  const deploymentsAfter = (cluster: string, service: string, after: Date) =>
    call(async (client, { ListServiceDeploymentsCommand }) => {
      const found: ServiceDeploymentBrief[] = [];
      for (let nextToken: string | undefined, isMore = true; isMore; ) {
        const next = nextToken === undefined ? {} : { nextToken };
        const page = await client.send(
          new ListServiceDeploymentsCommand({ cluster, service, createdAt: { after }, ...next }),
        );
        found.push(...(page.serviceDeployments ?? []));
        nextToken = page.nextToken;
        isMore = nextToken !== undefined;
      }
      return found;
    });

  return {
    service: (cluster, service) =>
      call(async (client, { DescribeServicesCommand }) => {
        const { services = [] } = await client.send(
          new DescribeServicesCommand({ cluster, services: [service] }),
        );
        const [found] = services;
        if (found === undefined || found.status === "INACTIVE") return undefined;
        return {
          controller: found.deploymentController?.type ?? "ECS",
          deployments: found.deployments ?? [],
        };
      }),
    taskDefinition: (name) =>
      call(async (client, { DescribeTaskDefinitionCommand }) => {
        const { taskDefinition } = await client.send(
          new DescribeTaskDefinitionCommand({ taskDefinition: name }),
        );
        if (taskDefinition === undefined) throw new Error(`Amazon ECS describes no task definition ${name}`);
        return taskDefinition;
      }),
    deploymentsSince: async (cluster, service, after) => {
      const serviceDeployments = await deploymentsAfter(cluster, service, after);
      const arns = serviceDeployments.flatMap(
        ({ targetServiceRevisionArn }) => targetServiceRevisionArn ?? [],
      );
      const definitions = await revisionsOf([...new Set(arns)]);
      return serviceDeployments.flatMap(({ status, statusReason: reason, targetServiceRevisionArn }) => {
        const taskDefinition = definitions.get(targetServiceRevisionArn);
        return taskDefinition === undefined ? [] : [{ status: status ?? "", reason, taskDefinition }];
      });
    },
    register: (definition) =>
      call(async (client, { RegisterTaskDefinitionCommand }) => {
        const { taskDefinition } = await client.send(
          new RegisterTaskDefinitionCommand(registrable(definition)),
        );
        const arn = taskDefinition?.taskDefinitionArn;
        if (arn === undefined) throw new Error("Amazon ECS registered no task definition");
        return arn;
      }),
    update: async (cluster, service, taskDefinition) => {
      await call((client, { UpdateServiceCommand }) =>
        client.send(new UpdateServiceCommand({ cluster, service, taskDefinition })),
      );
    },
  };
}
