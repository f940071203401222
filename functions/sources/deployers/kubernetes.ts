/**
 * Kubernetes: what its pods run, as `kubectl get pods -A -o json` lists them. A list has all pods of each workload that
 * it names (the owner of its pods: a Deployment, StatefulSet, DaemonSet, Rollout), so it is an observation of a whole
 * service. A single pod does not show the others, and belongs to no deployment that a deployer names: it is ignored.
 *
 * Pods count if they are not being deleted and all of their containers run. An observation shows what all of them run,
 * or all that are ready; in the middle of a rollout, also of one that never ends, what those of the oldest template run.
 * Pods of one template may report different digests, those of their nodes' platforms (or of a tag
 * that moved): all are told, and the indexes decide whether they are one image.
 * `since` is the newest start of a container: since then, all pods run these images. The time is that of the look (the
 * header `X-Asof-Seen`, else the receipt), rounded down to a step, but not before `since`: then, too, they ran.
 * Key: a hash of the workload, the step, `since` and the images. The same list again within a step is a duplicate, so an
 * observer costs one fact for each workload and step, however often it posts.
 * Proof: none in the payload; the endpoint requires a writer's token.
 * The digest comes from `imageID`, in any form that a runtime writes. A bare digest is that of the image's configuration
 * (in some runtimes of its manifest); it is resolved by the known indexes, and names no repository. Containers that a mesh injects are not
 * part of the service. Quarantined are only the fields that are read here, and nothing of an unreadable object: a pod's
 * environment may contain secrets.
 * Not in the payload: commits, deployers, tags that can be trusted; what has no pods; the cluster (`X-Asof-Cluster`).
 * Format: kubernetes.io, API reference of Pod (`PodStatus`, `ContainerStatus`); forms of `imageID`: kubernetes/kubernetes
 * issues 108689 and 115199.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf, time, WORKLOADS } from "../../../schemas/scalars.ts";
import { hashOf, ignored, MAX_EVENTS, maybeText, present, quoted, rejected, said } from "../payload.ts";
import { type Context, type Source, sourceOf } from "../source.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";
import { oldestAmong, ownerOf, Pod, runningIn, settledAmong } from "./pods.ts";

export const kubernetes: Source = {
  vendor: "kubernetes",
  toStatements,
  covers: [
    {
      name: "Kubernetes pods",
      deploy: "what runs",
      digest: "yes",
      time: "yes",
      identity: "workload, what it runs, since when, and when that was seen",
      authentication: "a writer's token",
      tried: "documented shape",
    },
  ],
};

const PodList = z.object({
  kind: z.enum(["List", "PodList"]),
  metadata: z.object({ continue: maybeText }).nullish(),
  items: z.array(Pod),
});

const Single = z.object({ kind: z.literal("Pod") });
const Watched = z.object({ type: z.string(), object: Single });

/** The header in which an observer names when it listed the pods. */
const SEEN = "X-Asof-Seen";
/** The step by default: five minutes. */
const STEP_MS = 5 * 60_000;

/** Where pods are seen, and when, rounded down to the step. */
interface Look {
  readonly cluster: string;
  readonly seen: string;
  readonly timeFrom?: "receipt";
}

function lookOf(
  cluster: string,
  { headers, receivedAt, observationStepMs = STEP_MS }: Context,
): Look | undefined {
  const told = headers.get(SEEN);
  const { success, data } = time.safeParse(told ?? receivedAt);
  if (!success) return undefined;
  const seen = new Date(Math.floor(Date.parse(data) / observationStepMs) * observationStepMs).toISOString();
  return { cluster, seen, ...(told === null ? { timeFrom: "receipt" as const } : {}) };
}

function toStatements(payload: unknown, context: Context): Mapped[] {
  if (Single.safeParse(payload).success || Watched.safeParse(payload).success)
    return [ignored("a single pod does not show what its service runs: send the list of all pods", null)];
  const parsed = PodList.safeParse(payload);
  return parsed.success ? mapList(parsed.data, context) : [rejected(faultsOf(parsed.error), null)];
}

function mapList(list: z.infer<typeof PodList>, context: Context): Mapped[] {
  const cluster = clusterOf(context.headers);
  if (cluster === undefined) return [withoutCluster(list)];
  const look = lookOf(cluster, context);
  if (look === undefined)
    return [rejected(`the header ${SEEN} must be an RFC 3339 time, like 2026-10-22T08:11:00Z`, list)];
  if (list.metadata?.continue !== undefined)
    return [rejected("metadata.continue: this is one page of a list; send the complete list at once", list)];
  const workloads = new Map<string, Pod[]>();
  for (const pod of list.items) {
    const owner = JSON.stringify(ownerOf(pod));
    const siblings = workloads.get(owner) ?? [];
    siblings.push(pod);
    workloads.set(owner, siblings);
  }
  if (workloads.size > MAX_EVENTS)
    return [rejected(`items: belong to more than ${MAX_EVENTS} workloads; send them by namespace`, list)];
  return [...workloads.values()].map((pods) => mapWorkload(pods, look));
}

function mapWorkload(pods: readonly Pod[], { cluster, seen: at, timeFrom }: Look): Mapped {
  const [first] = pods;
  const { namespace, kind, name } = first === undefined ? { namespace: "" } : ownerOf(first);
  if (name === undefined)
    return ignored("pods of jobs, pods of nodes and pods without an owner are not a service", pods);
  const running = pods.flatMap((pod) => runningIn(pod) ?? []);
  if (running.length === 0) return ignored(`no pod of ${quoted(name)} runs`, pods);
  const ready = running.filter(({ isReady }) => isReady);
  const settled =
    settledAmong(running) ?? settledAmong(ready) ?? oldestAmong(ready.length > 0 ? ready : running);
  if (settled === undefined)
    return ignored(`pods of ${quoted(name)} of one template name several images, and no digest`, pods);
  const { components, since } = settled;
  const isSeenLater = Date.parse(at) > Date.parse(since);
  return said(
    {
      kind: "deployment.observed",
      source: sourceOf("kubernetes", segment(cluster), segment(namespace)),
      id: hashOf(kind, name, at, since, JSON.stringify(components)),
      occurredAt: isSeenLater ? at : since,
      ...(isSeenLater ? present({ timeFrom }) : {}),
      since,
      environment: `${cluster}/${namespace}`,
      service: name,
      components,
      cluster,
      namespace,
      ...present({ workload: WORKLOADS.find((one) => one === kind) }),
    },
    pods,
  );
}
