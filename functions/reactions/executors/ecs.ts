/**
 * Amazon ECS as an executor. It deploys the task definition that the plan's own commands name, with the plan's images: a
 * registered one that names them by digest as it is, else a copy of it in which they are pinned. ECS itself rolls it out.
 * API: docs.aws.amazon.com, "Amazon ECS API Reference".
 */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Plan } from "../../../schemas/plan.ts";
import { endpoint } from "../../../schemas/scalars.ts";
import {
  type Deployment,
  EcsRefused,
  type EcsServices,
  ecsServices,
  registrable,
  type ServiceDeployment,
  type TaskDefinition,
} from "../../adapters/aws/ecs-services.ts";
import { places } from "../reaction.ts";
import { Refused } from "./deliver.ts";
import { commandsBy, type Deploying, isKnown, known, optionIn, type Progress } from "./direct-executor.ts";
import type { Order } from "./order.ts";

export const EcsExecutor = z.strictObject({
  kind: z.literal("ecs"),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be a region, like eu-central-1"),
  /** It touches no other cluster. */
  clusters: z.array(z.string().regex(/^[A-Za-z0-9][\w-]{0,254}$/, "must be the name of a cluster")).min(1),
  /** Another address of ECS's API, like that of a VPC endpoint. */
  endpoint: endpoint.exactOptional(),
  ...places,
});
export type EcsExecutor = z.infer<typeof EcsExecutor>;

/** Where the plan deploys to, and from which task definition; undefined: from the one that runs. */
interface Aim {
  readonly cluster: string;
  readonly service: string;
  readonly base: string | undefined;
  /** The images by container; an empty name is the first one. */
  readonly pins: ReadonlyMap<string, string>;
}

/** The filter that pins images, as the plan's command has it. JSON strings are valid in it. */
const PIN =
  /\.containerDefinitions(?:\[0\]|\[\] \| select\(\.name == ("(?:[^"\\]|\\.)*")\)\))\.image = ("(?:[^"\\]|\\.)*")/g;

const pinsIn = (filter: string): Map<string, string> =>
  new Map(
    [...filter.matchAll(PIN)].map(([, name = '""', image = '""']) => [
      z.string().parse(JSON.parse(name)),
      z.string().parse(JSON.parse(image)),
    ]),
  );

/** Why this executor does not run a plan; undefined if it does. */
export function notByEcs(plan: Plan): string | undefined {
  const commands = commandsBy({ plan }, "aws");
  if (!commands.some(({ argv }) => argv.includes("update-service"))) return "the plan does not deploy to ECS";
  return commands.some(({ tool }) => tool === "git")
    ? "the plan takes the task definition from a file in git, and this executor takes registered ones"
    : undefined;
}

/** @throws {Refused} if the plan is not for one of its clusters */
function aimOf({ clusters, region }: EcsExecutor, order: Order): Aim {
  const commands = commandsBy(order, "aws");
  const update = commands.find(({ argv }) => argv.includes("update-service"));
  if (update === undefined) throw new Refused("the plan does not deploy to ECS");
  const [named] = optionIn(update, "cluster");
  const cluster = isKnown(named) || clusters.length > 1 ? known(named, "its cluster") : clusters[0];
  if (cluster === undefined || !clusters.includes(cluster))
    throw new Refused(`the cluster ${cluster} is not one of this executor's`);
  const [ownRegion = region] = optionIn(update, "region");
  if (ownRegion !== region) throw new Refused(`the plan is for ${ownRegion}, this executor for ${region}`);
  const describing = commands.find((one) => optionIn(one, "task-definition").length > 0 && one !== update);
  const [base] = describing === undefined ? [] : optionIn(describing, "task-definition");
  const pins = pinsIn(describing?.argv.join("\n") ?? "");
  if (pins.size === 0) throw new Refused("the plan does not say its images");
  const service = known(optionIn(update, "service")[0], "its service");
  return { cluster, service, base: isKnown(base) ? base : undefined, pins };
}

/** A task definition with the plan's images. @throws {Refused} if it has no container of a name */
function pinned(definition: TaskDefinition, { pins }: Aim): TaskDefinition {
  const containers = definition.containerDefinitions ?? [];
  const missing = [...pins.keys()].filter(
    (pin) => pin !== "" && !containers.some(({ name }) => name === pin),
  );
  if (missing.length > 0) {
    const { family, revision } = definition;
    throw new Refused(`the task definition ${family}:${revision} has no container ${missing.join(", ")}`);
  }
  return {
    ...definition,
    containerDefinitions: containers.map((container, n) => {
      const image = pins.get(container.name ?? "") ?? (n === 0 ? pins.get("") : undefined);
      return image === undefined ? container : { ...container, image };
    }),
  };
}

const isSame = (one: TaskDefinition, other: TaskDefinition): boolean =>
  isDeepStrictEqual(registrable(one), registrable(other));

/** Why a deployment of ECS that is over has failed. */
const REASON = "Amazon ECS gives no reason";
const ROLLED_BACK = new Map([
  ["ROLLBACK_REQUESTED", "and rolls it back"],
  ["ROLLBACK_IN_PROGRESS", "and rolls it back"],
  ["ROLLBACK_SUCCESSFUL", "and rolled it back"],
  ["ROLLBACK_FAILED", "and could not roll it back"],
]);

/** Of the deployment that is the newest one. */
function progressOf(
  { rolloutState, rolloutStateReason, updatedAt }: Deployment,
  requestedAt: Date,
): Progress {
  if (rolloutState === "FAILED")
    return { is: "failed", why: `Amazon ECS ended it: ${rolloutStateReason ?? REASON}` };
  if (rolloutState !== "COMPLETED") return { is: "running" };
  return {
    is: "deployed",
    since: updatedAt !== undefined && updatedAt > requestedAt ? updatedAt : requestedAt,
  };
}

/** Of one that is not the newest any more: a circuit breaker or alarm went back, or somebody deployed something else. */
function whyOver({ status, reason = REASON }: ServiceDeployment): string {
  const back = ROLLED_BACK.get(status);
  return back === undefined
    ? `another deployment took its place (${status}): ${reason}`
    : `Amazon ECS ended it, ${back}: ${reason}`;
}

function deploying(executor: EcsExecutor, ecs: EcsServices): Deploying {
  /** What runs, and what is to run. */
  async function look(order: Order) {
    const aim = aimOf(executor, order);
    const found = await ecs.service(aim.cluster, aim.service);
    if (found === undefined)
      throw new Refused(`there is no service ${aim.service} in the cluster ${aim.cluster}`);
    if (found.controller !== "ECS")
      throw new Refused(`the deployments of ${aim.service} are made by ${found.controller}, not by ECS`);
    const primary = found.deployments.find(({ status }) => status === "PRIMARY");
    const from = aim.base ?? primary?.taskDefinition;
    if (from === undefined) throw new Refused(`the service ${aim.service} has no deployment`);
    const base = await ecs.taskDefinition(from);
    const wanted = pinned(base, aim);
    /** Whether a task definition is the one to deploy; without one of then, any that has the images. */
    const isWanted = async (name: string): Promise<boolean> => {
      const definition = name === from ? base : await ecs.taskDefinition(name);
      return isSame(definition, aim.base === undefined ? pinned(definition, aim) : wanted);
    };
    return { aim, primary, base, wanted, isWanted };
  }

  async function progress(order: Order): Promise<Progress> {
    const { aim, primary, isWanted } = await look(order);
    const requestedAt = new Date(order.redeployment.requestedAt);
    if (primary?.taskDefinition !== undefined && (await isWanted(primary.taskDefinition)))
      return progressOf(primary, requestedAt);
    for (const tried of await ecs.deploymentsSince(aim.cluster, aim.service, requestedAt)) {
      if (await isWanted(tried.taskDefinition)) return { is: "failed", why: whyOver(tried) };
    }
    return { is: "not begun" };
  }

  async function begin(order: Order): Promise<void> {
    const { aim, base, wanted } = await look(order);
    const isRegistered = isSame(base, wanted) && base.status !== "INACTIVE";
    const arn = isRegistered ? base.taskDefinitionArn : await ecs.register(wanted);
    await ecs.update(aim.cluster, aim.service, known(arn, "its task definition"));
  }

  return { progress, begin };
}

/** What ECS refuses, a repetition does not change. */
const refusing =
  <T>(run: (order: Order) => Promise<T>) =>
  async (order: Order): Promise<T> => {
    try {
      return await run(order);
    } catch (error) {
      throw error instanceof EcsRefused ? new Refused(error.message, { cause: error }) : error;
    }
  };

export function byEcs(executor: EcsExecutor): Deploying {
  const { progress, begin } = deploying(executor, ecsServices(executor.region, executor.endpoint));
  return { progress: refusing(progress), begin: refusing(begin) };
}
