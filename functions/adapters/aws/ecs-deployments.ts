/** Reads all pages of what ECS describes of a service's deployments. Each function throws the SDK's error. */
import type { ECSClient, ServiceDeploymentBrief, ServiceRevision } from "@aws-sdk/client-ecs";

/** Names that one request of `DescribeServiceDeployments` and `DescribeServiceRevisions` may have. */
export const DESCRIBED_MAX = 20;
const PAGE = 100;

export const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));

/** @param after those that were created after it; absent: all that ECS still has */
export async function listDeployments(
  client: ECSClient,
  place: { readonly cluster?: string | undefined; readonly service: string | undefined },
  after?: Date,
): Promise<ServiceDeploymentBrief[]> {
  const { ListServiceDeploymentsCommand } = await import("@aws-sdk/client-ecs");
  const found: ServiceDeploymentBrief[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new ListServiceDeploymentsCommand({
        service: place.service,
        maxResults: PAGE,
        ...(place.cluster === undefined ? {} : { cluster: place.cluster }),
        ...(after === undefined ? {} : { createdAt: { after } }),
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    );
    found.push(...(page.serviceDeployments ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

/** Those of the revisions, by ARN, that ECS can describe. */
export async function describeRevisions(
  client: ECSClient,
  arns: readonly string[],
): Promise<ServiceRevision[]> {
  const { DescribeServiceRevisionsCommand } = await import("@aws-sdk/client-ecs");
  const found: ServiceRevision[] = [];
  for (const some of chunks(arns, DESCRIBED_MAX)) {
    const { serviceRevisions = [] } = await client.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: some }),
    );
    found.push(...serviceRevisions);
  }
  return found;
}
