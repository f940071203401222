/** Reads what Amazon ECS knows of its services' deployments. Requests that ECS throttles are repeated. */
import type { ContainerDefinition, Service, ServiceDeployment, ServiceRevision } from "@aws-sdk/client-ecs";
import { chunks, DESCRIBED_MAX, describeRevisions, listDeployments } from "./ecs-deployments.ts";
import { PATIENT } from "./patient.ts";

export type { Service, ServiceDeployment, ServiceRevision };

/** Names that one request of `DescribeServices` may have. */
const SERVICES_MAX = 10;
const PAGE = 100;

/** Each method throws the SDK's error. Region, credentials and endpoint are those of AWS's own tools. */
export interface EcsHistory {
  /** The services of some clusters, by name or ARN; without any: of all clusters of the region. */
  readonly services: (clusters: readonly string[]) => AsyncGenerator<Service>;
  /** The deployments that ECS still has of a service, in no order. */
  readonly deployments: (service: Service) => Promise<ServiceDeployment[]>;
  /** Those of the revisions, by ARN, that ECS can describe. */
  readonly revisions: (arns: readonly string[]) => Promise<ServiceRevision[]>;
  readonly containers: (taskDefinition: string) => Promise<ContainerDefinition[]>;
}

export async function ecsHistory(): Promise<EcsHistory> {
  const sdk = await import("@aws-sdk/client-ecs");
  const client = new sdk.ECSClient(PATIENT);

  async function* clusterNames(given: readonly string[]): AsyncGenerator<string> {
    if (given.length > 0) return yield* given;
    for await (const { clusterArns = [] } of sdk.paginateListClusters({ client, pageSize: PAGE }, {}))
      yield* clusterArns;
  }

  async function* services(clusters: readonly string[]): AsyncGenerator<Service> {
    for await (const cluster of clusterNames(clusters)) {
      const pages = sdk.paginateListServices({ client, pageSize: PAGE }, { cluster });
      for await (const { serviceArns = [] } of pages)
        for (const some of chunks(serviceArns, SERVICES_MAX)) {
          const described = await client.send(new sdk.DescribeServicesCommand({ cluster, services: some }));
          yield* described.services ?? [];
        }
    }
  }

  async function deployments({ serviceArn: service, clusterArn: cluster }: Service) {
    const listed = await listDeployments(client, { service, cluster });
    const arns = listed.flatMap(({ serviceDeploymentArn: arn }) => arn ?? []);
    const found: ServiceDeployment[] = [];
    for (const some of chunks(arns, DESCRIBED_MAX)) {
      const command = new sdk.DescribeServiceDeploymentsCommand({ serviceDeploymentArns: some });
      found.push(...((await client.send(command)).serviceDeployments ?? []));
    }
    return found;
  }

  async function containers(taskDefinition: string) {
    const described = await client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition }));
    return described.taskDefinition?.containerDefinitions ?? [];
  }

  return { services, deployments, revisions: (arns) => describeRevisions(client, arns), containers };
}
