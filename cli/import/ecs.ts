/** `asof import ecs`: the deployments of services that Amazon ECS still has, of the last 90 days. */
import * as z from "zod";
import {
  type EcsHistory,
  ecsHistory,
  type Service,
  type ServiceDeployment,
  type ServiceRevision,
} from "../../functions/adapters/aws/ecs-history.ts";
import { isAddedByAws, lastPart, placeOf } from "../../functions/sources/aws/aws-ecs.ts";
import { partsOf } from "../../functions/sources/image.ts";
import { present, reasonIn } from "../../functions/sources/payload.ts";
import { asCliError, refusalOf } from "./aws/faults.ts";
import { type Importer, type Item, unknown } from "./importer.ts";
import { importSource } from "./sources.ts";

const Options = z.looseObject({ args: z.array(z.string()) });

/** A service, and where it runs. */
interface Origin {
  readonly ecs: EcsHistory;
  readonly service: string;
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
}

/** `arn:aws:ecs:<region>:<account>:cluster/<name>` */
function originOf(ecs: EcsHistory, { serviceName, clusterArn = "" }: Service): Origin {
  const [, , , region = "", account = ""] = clusterArn.split(":");
  return { ecs, service: serviceName ?? "", cluster: lastPart(clusterArn), account, region };
}

const nameOf = ({ cluster, service }: Origin): string => `${cluster}/${service}`;

// --- which deployment --------------------------------------------------------------------------------------

const targetOf = (one: ServiceDeployment): string => one.targetServiceRevision?.arn ?? "";
const numberOf = (revision: string): string => `ecs-svc/${lastPart(revision)}`;

/**
 * The id by which ECS's events name each deployment: `ecs-svc/` and the number of the revision that it deploys. AWS does
 * not document that the numbers are the same, so it counts only where a deployment that the service names by that id is
 * one of a revision that is known. The second deployment of one revision has the id of the deployment itself.
 */
function idsOf(service: Service, deployments: readonly ServiceDeployment[]) {
  const revisions = deployments.flatMap((one) => [
    targetOf(one),
    ...(one.sourceServiceRevisions ?? []).map(({ arn = "" }) => arn),
  ]);
  const numbers = new Set(revisions.map(numberOf));
  const isLinked = (service.deployments ?? []).some(({ id = "" }) => numbers.has(id));
  const ids = new Map<string, ServiceDeployment>();
  for (const one of deployments) {
    const own = lastPart(one.serviceDeploymentArn ?? "");
    const number = numberOf(targetOf(one));
    ids.set(isLinked && !ids.has(number) ? number : own, one);
  }
  return { ids, isLinked };
}

// --- what it deployed --------------------------------------------------------------------------------------

interface Container {
  readonly name: string;
  readonly image: string;
  readonly digest: string | undefined;
}

/** The containers of a revision with their digests; else those of its task definition. */
async function containersOf({ ecs }: Origin, revision: ServiceRevision): Promise<Container[]> {
  const { containerImages = [], taskDefinition } = revision;
  if (containerImages.length > 0)
    return containerImages.map(({ containerName: name = "", image = "", imageDigest: digest }) => ({
      name,
      image,
      digest,
    }));
  const defined = taskDefinition === undefined ? [] : await ecs.containers(taskDefinition);
  return defined.map(({ name = "", image = "" }) => ({ name, image, digest: undefined }));
}

/** Components named as ECS's events of tasks have them, and the task definition. */
async function deployed(origin: Origin, revision: ServiceRevision | undefined) {
  if (revision === undefined) return undefined;
  const containers = (await containersOf(origin, revision)).filter(({ name }) => !isAddedByAws(name));
  const components = containers.map(({ name, image, digest }) => ({
    component: containers.length === 1 ? "main" : name,
    ...partsOf(image),
    ...present({ digest }),
  }));
  const { taskDefinition } = revision;
  return {
    ...(components.length === 0 ? {} : { components }),
    ...(taskDefinition === undefined ? {} : { config: [{ revision: taskDefinition }] }),
  };
}

// --- one deployment ----------------------------------------------------------------------------------------

/** When it failed, and why. A deployment that was rolled back did not take effect. */
function failureOf({ status, rollback, stoppedAt, finishedAt, statusReason }: ServiceDeployment) {
  if (!/^(STOPPED|ROLLBACK_)/.test(status ?? "")) return undefined;
  const at = rollback?.startedAt ?? stoppedAt ?? finishedAt;
  return { at, ...present({ reason: reasonIn(rollback?.reason ?? statusReason) }) };
}

async function* ofDeployment(
  origin: Origin,
  one: ServiceDeployment,
  id: string,
  revision: ServiceRevision | undefined,
): AsyncGenerator<Item> {
  const { account, region, cluster, service } = origin;
  const own = lastPart(one.serviceDeploymentArn ?? "");
  const what = await deployed(origin, revision);
  if (what?.components === undefined)
    yield unknown(
      "the images of a deployment whose revision ECS does not describe",
      `${nameOf(origin)} ${own}`,
    );
  const place = placeOf(origin, cluster);
  const statement = (kind: string, at: Date, more: object = {}): Item => ({
    is: "statement",
    statement: {
      kind: `deployment.${kind}`,
      source: importSource("ecs", `${account}/${region}`),
      id: `${own}/${kind}`,
      occurredAt: at.toISOString(),
      environment: place,
      service,
      deployment: { provider: "ecs", instance: place, id },
      components: [{ component: "main" }],
      ...what,
      cluster,
      ...more,
    },
  });
  const failure = failureOf(one);
  const { startedAt, finishedAt, status } = one;
  if (startedAt !== undefined) yield statement("started", startedAt);
  if (status === "SUCCESSFUL" && finishedAt !== undefined) yield statement("succeeded", finishedAt);
  if (failure?.at !== undefined) {
    const { at, ...why } = failure;
    yield statement("failed", at, why);
  }
  if (failure !== undefined && failure.at === undefined)
    yield unknown("when a deployment failed", `${nameOf(origin)} ${own}`);
}

async function* ofService(origin: Origin, service: Service): AsyncGenerator<Item> {
  const { ecs } = origin;
  const time = ({ createdAt, startedAt }: ServiceDeployment): number =>
    (createdAt ?? startedAt)?.getTime() ?? 0;
  const deployments = (await ecs.deployments(service)).sort((a, b) => time(a) - time(b));
  const targets = [...new Set(deployments.map(targetOf).filter((arn) => arn !== ""))];
  const revisions = new Map(
    (await ecs.revisions(targets)).map((revision) => [revision.serviceRevisionArn, revision]),
  );
  const { ids, isLinked } = idsOf(service, deployments);
  for (const [id, one] of ids) yield* ofDeployment(origin, one, id, revisions.get(targetOf(one)));
  if (!isLinked && deployments.length > 0)
    yield unknown("which deployments ECS's events are about", nameOf(origin));
}

/** Reads a service; what ECS refuses about it alone is unknown. */
async function* reading(origin: Origin, service: Service): AsyncGenerator<Item> {
  try {
    yield* ofService(origin, service);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    yield unknown(`the deployments of a service, because ECS answers ${refusal}`, nameOf(origin));
  }
}

/** Everything that ECS still has of the services of some clusters, or of all. */
export async function* history(ecs: EcsHistory, clusters: readonly string[]): AsyncGenerator<Item> {
  for await (const service of ecs.services(clusters)) yield* reading(originOf(ecs, service), service);
}

export const ecs: Importer = {
  name: "ecs",
  summary: "deployments of Amazon ECS's services of the last 90 days",
  help: `
Examples:
  AWS_PROFILE=acme AWS_REGION=eu-central-1 asof import ecs --dry-run        # all clusters of the region
  asof import ecs production staging

Each deployment of a service, with the images and digests of the revision that it deployed, and its task definition. An
environment is named as the events of ECS name it: account, region and cluster. Region, profile and login are those of
AWS's own tools. The role needs ecs:ListClusters, ecs:ListServices, ecs:DescribeServices, ecs:ListServiceDeployments,
ecs:DescribeServiceDeployments, ecs:DescribeServiceRevisions and ecs:DescribeTaskDefinition.`,
  options: (command) => command.argument("[clusters...]", "their names or ARNs (default: all)"),
  async *items(given) {
    const { args } = Options.parse(given);
    try {
      yield* history(await ecsHistory(), args);
    } catch (error) {
      throw asCliError(error, "ECS");
    }
    yield unknown(
      "deployments older than the 90 days that ECS keeps, those of deleted services, and who deployed",
    );
  },
};
