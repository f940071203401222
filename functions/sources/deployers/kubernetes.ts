/**
 * Kubernetes: what its pods run, as `kubectl get pods -A -o json` lists them. A list has all pods of each workload that
 * it names (the owner of its pods: a Deployment, StatefulSet, DaemonSet, Rollout), so it is an observation of a whole
 * service. A single pod does not show the others, and belongs to no deployment that a deployer names: it is ignored.
 *
 * Pods count if they are not being deleted and all of their containers run. An observation is recorded only if all of
 * them run the same images, or all that are ready: in the middle of a rollout, pods alone do not show a settled state, or
 * when a mixture ended. Pods of one template may report different digests, those of their nodes' platforms (or of a tag
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
import { type Image, partsOf } from "../image.ts";
import { hashOf, ignored, MAX_EVENTS, maybeText, present, quoted, rejected, said } from "../payload.ts";
import { type Context, type Source, sourceOf } from "../source.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";

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

// Not loose schemas: fields that are not read here must not be quarantined.
const ContainerStatus = z.object({
  name: z.string(),
  image: z.string(),
  imageID: z.string(),
  ready: z.boolean().optional(),
  state: z.object({ running: z.object({ startedAt: z.string() }).optional() }),
});
type ContainerStatus = z.infer<typeof ContainerStatus>;

const Pod = z.object({
  kind: z.literal("Pod").optional(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    deletionTimestamp: maybeText,
    labels: z
      .object({
        "pod-template-hash": maybeText,
        "rollouts-pod-template-hash": maybeText,
        "controller-revision-hash": maybeText,
      })
      .nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().optional() }))
      .nullish(),
  }),
  status: z.object({ containerStatuses: z.array(ContainerStatus).nullish() }),
});
type Pod = z.infer<typeof Pod>;

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

/** Owners of pods that run to completion, or that the node itself runs. */
const NO_SERVICES: ReadonlySet<string> = new Set(["Job", "Node"]);

/** The pod's workload. A ReplicaSet whose name ends in the template's hash belongs to a Deployment (or Rollout). */
function ownerOf({ metadata: { namespace, labels, ownerReferences } }: Pod) {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || NO_SERVICES.has(owner.kind)) return { namespace };
  const hash = labels?.["rollouts-pod-template-hash"] ?? labels?.["pod-template-hash"];
  return owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? { namespace, kind: "Deployment", name: owner.name.slice(0, -hash.length - 1) }
    : { namespace, kind: owner.kind, name: owner.name };
}

function mapWorkload(pods: readonly Pod[], { cluster, seen: at, timeFrom }: Look): Mapped {
  const [first] = pods;
  const { namespace, kind, name } = first === undefined ? { namespace: "" } : ownerOf(first);
  if (name === undefined)
    return ignored("pods of jobs, pods of nodes and pods without an owner are not a service", pods);
  const running = pods.flatMap((pod) => runningIn(pod) ?? []);
  if (running.length === 0) return ignored(`no pod of ${quoted(name)} runs`, pods);
  const settled = settledAmong(running) ?? settledAmong(running.filter(({ isReady }) => isReady));
  if (settled === undefined)
    return ignored(`the pods of ${quoted(name)} do not all run the same: a rollout is under way`, pods);
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

/** What all of these pods run, and since when; undefined if they run different images, or if there are none. */
function settledAmong(pods: readonly Running[]): { components: readonly Seen[]; since: string } | undefined {
  // Nodes may name different repositories for one digest: always the same one is used.
  const lists = pods.map(({ components }) => components).sort(byText);
  const [one, ...others] = lists;
  if (one === undefined) return undefined;
  const since = pods.map(({ startedAt }) => startedAt).reduce(later);
  if (others.every((other) => imagesOf(other) === imagesOf(one))) return { components: one, since };
  const templates = new Set(pods.map(({ template }) => template));
  const digests = lists.flat().every(({ digest }) => digest !== undefined);
  return templates.size === 1 && digests ? { components: merged(lists), since } : undefined;
}

/** Pods of one template with all digests that they report for each container. */
function merged(lists: readonly (readonly Seen[])[]): Seen[] {
  const [one = []] = lists;
  return one.map((first) => {
    const same = lists.flat().filter(({ component }) => component === first.component);
    const [digest, ...otherDigests] = [...new Set(same.flatMap((seen) => seen.digest ?? []))].sort();
    return { ...first, ...present({ digest }), ...(otherDigests.length === 0 ? {} : { otherDigests }) };
  });
}

const later = (a: string, b: string): string => (Date.parse(b) > Date.parse(a) ? b : a);
const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

interface Seen extends Partial<Image> {
  readonly component: string;
  readonly digestOf?: "configuration";
  readonly otherDigests?: readonly string[];
}

/** What distinguishes two pods: digests, or whole references if there are no digests. */
const imagesOf = (components: readonly Seen[]): string =>
  JSON.stringify(
    components.map(({ component, digest, repository, tag }) => [component, digest ?? [repository, tag]]),
  );

// --- one pod ----------------------------------------------------------------------------------------------

/** Containers that meshes and operators inject into pods. */
const INJECTED = /^(istio-proxy|linkerd-proxy|consul-dataplane|vault-agent|daprd)$/;

interface Running {
  readonly components: readonly Seen[];
  readonly startedAt: string;
  readonly isReady: boolean;
  /** Equal for pods that were made from one template. */
  readonly template: string;
}

/** What a pod runs, and since when; undefined if it is being deleted, or if a container does not run. */
function runningIn({ metadata, status }: Pod): Running | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const own = (status.containerStatuses ?? []).filter(({ name }) => !INJECTED.test(name));
  const starts = own.flatMap(({ state }) => state.running?.startedAt ?? []);
  if (own.length === 0 || starts.length < own.length) return undefined;
  const components = own
    .map((one) => ({ component: own.length === 1 ? "main" : one.name, ...imageOf(one) }))
    .sort((a, b) => (a.component < b.component ? -1 : 1));
  const images = own.map(({ name, image }) => JSON.stringify([name, image])).sort();
  return {
    components,
    startedAt: starts.reduce(later),
    isReady: own.every(({ ready }) => ready !== false),
    template: templateOf(metadata) ?? images.join(),
  };
}

/** The hash of the template that a pod was made from, if its workload labels it. */
function templateOf({ labels }: Pod["metadata"]): string | undefined {
  return (
    labels?.["rollouts-pod-template-hash"] ??
    labels?.["pod-template-hash"] ??
    labels?.["controller-revision-hash"]
  );
}

/** The image by digest, in the repository that it was pulled from; by tag only if the runtime reports no digest. */
function imageOf({ image, imageID }: ContainerStatus): Omit<Seen, "component"> {
  return digestIn(imageID.replace(/^docker(-pullable)?:\/\//, "")) ?? digestIn(image) ?? partsOf(image);
}

function digestIn(reference: string): Omit<Seen, "component"> | undefined {
  if (/^sha(256|512):/.test(reference)) return { digest: reference, digestOf: "configuration" };
  const { repository, digest } = partsOf(reference);
  if (digest === undefined) return undefined;
  return repository === undefined ? { digest } : { repository, digest };
}
