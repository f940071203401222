/**
 * The rollouts that a cluster remembers of Deployments (their ReplicaSets), StatefulSets and DaemonSets (their
 * ControllerRevisions): ten of each by default (`revisionHistoryLimit`). That one of them was created says that a rollout
 * to its template started then, and not that it succeeded. Only of a Deployment's newest rollout the condition
 * `Progressing` says how it ended, and when.
 * Format: kubernetes.io, API reference of ReplicaSet, ControllerRevision and DeploymentStatus; the annotations
 * `deployment.kubernetes.io/revision` and `…/revision-history`, kubernetes/kubernetes, pkg/controller/deployment/util.
 */
import * as z from "zod";
import { segment } from "../../../functions/sources/deployers/cluster.ts";
import { componentsOf, type Workload } from "../../../functions/sources/deployers/workload.ts";
import { present, reasonIn } from "../../../functions/sources/payload.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { Resource } from "../../kubernetes/cluster.ts";
import { type Item, unknown } from "../importer.ts";
import { type Origin, objectsOf } from "./origin.ts";

const REVISION = "deployment.kubernetes.io/revision";
const EARLIER = "deployment.kubernetes.io/revision-history";

const Template = z.looseObject({
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string() })) }),
});
const Metadata = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  generation: z.int().optional(),
  creationTimestamp: z.string(),
  annotations: z.record(z.string(), z.string()).nullish(),
  ownerReferences: z
    .array(
      z.looseObject({
        kind: z.string(),
        name: z.string(),
        uid: z.string(),
        controller: z.boolean().optional(),
      }),
    )
    .nullish(),
});
type Metadata = z.infer<typeof Metadata>;

const ReplicaSet = z.looseObject({
  metadata: Metadata,
  spec: z.looseObject({ template: Template }),
});
/** Other controllers keep data of their own in such objects. */
const ControllerRevision = z.looseObject({ metadata: Metadata, data: z.unknown() });
/** The part of a StatefulSet or DaemonSet that the rollout set. */
const SetData = z.looseObject({ spec: z.looseObject({ template: Template }) });
const Condition = z.looseObject({
  type: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
});
const Deployment = z.looseObject({
  metadata: Metadata,
  status: z
    .looseObject({ observedGeneration: z.int().optional(), conditions: z.array(Condition).nullish() })
    .default({}),
});

const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural });

/** One template of a workload, and when it was rolled out first. */
interface Rollout {
  readonly workload: Workload;
  /** `<uid of the workload>/<revision>`, or the uid of its ControllerRevision */
  readonly id: string;
  readonly at: string;
  readonly template: z.infer<typeof Template>;
}

interface Owner {
  readonly uid: string;
  readonly workload: Workload;
}

/** The workload that an object belongs to, if it is of one of these kinds. */
function ownerOf({ namespace, ownerReferences }: Metadata, kinds: readonly string[]): Owner | undefined {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || !kinds.includes(owner.kind)) return undefined;
  return { uid: owner.uid, workload: { kind: owner.kind, namespace, name: owner.name } };
}

function statementOf(
  { cluster }: Origin,
  rollout: Rollout,
  kind: string,
  at: string,
  more: object = {},
): Item {
  const { workload, id, template } = rollout;
  const { namespace, name } = workload;
  const place = `${cluster}/${namespace}`;
  const containers = template.spec.containers.map((one) => ({
    workload,
    container: one.name,
    image: one.image,
  }));
  return {
    is: "statement",
    statement: {
      kind: `deployment.${kind}`,
      source: `/import/kubernetes/${segment(cluster)}/${segment(namespace)}`,
      id: `${id}/${kind}/${at}`,
      occurredAt: at,
      environment: place,
      service: name,
      deployment: { provider: "kubernetes", instance: place, id },
      components: componentsOf(containers),
      cluster,
      namespace,
      ...more,
    },
  };
}

// --- Deployments -------------------------------------------------------------------------------------------

/** How a Deployment's newest rollout ended, by the name of its ReplicaSet. */
interface Ended {
  readonly kind: "succeeded" | "failed";
  readonly at: string;
  readonly reason?: string;
}

/** `ReplicaSet "web-5d9c7b" has successfully progressed.`, or `… has timed out progressing.` */
const NAMED = /^ReplicaSet "([^"]+)" has /;
const KIND_OF_REASON: ReadonlyMap<string, Ended["kind"]> = new Map([
  ["NewReplicaSetAvailable", "succeeded"],
  ["ProgressDeadlineExceeded", "failed"],
]);

function endOf({
  metadata,
  status,
}: z.infer<typeof Deployment>): { replicaSet: string; ended: Ended } | undefined {
  const progress = status.conditions?.find(({ type }) => type === "Progressing");
  const kind = KIND_OF_REASON.get(progress?.reason ?? "");
  const replicaSet = NAMED.exec(progress?.message ?? "")?.[1];
  const at = progress?.lastUpdateTime;
  if (kind === undefined || replicaSet === undefined || at === undefined) return undefined;
  // The status may be older than what was asked for last.
  if (status.observedGeneration !== metadata.generation) return undefined;
  const reason = kind === "failed" ? reasonIn(progress?.message) : undefined;
  return { replicaSet: `${metadata.namespace}/${replicaSet}`, ended: { kind, at, ...present({ reason }) } };
}

/** The first revision that a ReplicaSet was, and the last. Going back to a template gives its ReplicaSet a new number. */
function revisionsOf({ annotations }: Metadata): { first: string; last: string } | undefined {
  const last = annotations?.[REVISION];
  if (last === undefined) return undefined;
  const [first = last] = (annotations?.[EARLIER] ?? "").split(",").filter((one) => one !== "");
  return { first, last };
}

function* ofReplicaSet(
  origin: Origin,
  one: z.infer<typeof ReplicaSet>,
  { uid, workload }: Owner,
  ended: Ended | undefined,
): Generator<Item> {
  const { metadata } = one;
  const revisions = revisionsOf(metadata);
  if (revisions === undefined) return;
  const rollout = { workload, at: metadata.creationTimestamp, template: one.spec.template };
  yield statementOf(origin, { ...rollout, id: `${uid}/${revisions.first}` }, "started", rollout.at);
  if (revisions.first !== revisions.last)
    yield unknown(
      "when a rollout went back to an earlier template",
      `${metadata.namespace}/${workload.name}`,
    );
  if (ended === undefined) return;
  const { kind, at, ...why } = ended;
  yield statementOf(origin, { ...rollout, id: `${uid}/${revisions.last}` }, kind, at, why);
}

/** Whether a deployer reports a service of an environment: its rollouts are those of its deployments. */
export type IsTold = (environment: string, service: string) => boolean;

async function* deployments(origin: Origin, isOwn: (workload: Workload) => boolean): AsyncGenerator<Item> {
  const ends = new Map<string, Ended>();
  for await (const one of objectsOf(origin, apps("deployments"), Deployment)) {
    const end = endOf(one);
    if (end !== undefined) ends.set(end.replicaSet, end.ended);
  }
  for await (const one of objectsOf(origin, apps("replicasets"), ReplicaSet)) {
    const { namespace, name } = one.metadata;
    const owner = ownerOf(one.metadata, ["Deployment"]);
    if (owner !== undefined && isOwn(owner.workload))
      yield* ofReplicaSet(origin, one, owner, ends.get(`${namespace}/${name}`));
  }
}

// --- StatefulSets and DaemonSets ---------------------------------------------------------------------------

async function* sets(origin: Origin, isOwn: (workload: Workload) => boolean): AsyncGenerator<Item> {
  for await (const { metadata, data } of objectsOf(origin, apps("controllerrevisions"), ControllerRevision)) {
    const owner = ownerOf(metadata, ["StatefulSet", "DaemonSet"]);
    if (owner === undefined || !isOwn(owner.workload)) continue;
    const { uid: id, creationTimestamp: at } = metadata;
    const { template } = SetData.parse(data).spec;
    yield statementOf(origin, { workload: owner.workload, id, at, template }, "started", at);
  }
}

export async function* rollouts(origin: Origin, isTold: IsTold): AsyncGenerator<Item> {
  const isOwn = ({ namespace, name }: Workload) => !isTold(`${origin.cluster}/${namespace}`, name);
  let count = 0;
  for (const read of [deployments, sets])
    for await (const item of read(origin, isOwn)) {
      count += 1;
      yield item;
    }
  if (count > 0)
    yield unknown(
      "rollouts that revisionHistoryLimit dropped, and how those before the last one ended; of StatefulSets and DaemonSets how any ended",
    );
}

const Place = z.looseObject({ environment: z.string(), service: z.string() });

/** Remembers the services that deployers report. */
export function toldServices() {
  const keyOf = (environment: string, service: string) => JSON.stringify([fold(environment), fold(service)]);
  const told = new Set<string>();
  return {
    add(item: Item): void {
      const place = item.is === "statement" ? Place.safeParse(item.statement).data : undefined;
      if (place !== undefined) told.add(keyOf(place.environment, place.service));
    },
    has: (environment: string, service: string): boolean => told.has(keyOf(environment, service)),
  };
}
