/**
 * Kubernetes: what its pods run, as `kubectl get pods -A -o json` lists them. A list has all pods of each workload that
 * it names (the owner of its pods: a Deployment, StatefulSet, DaemonSet, Rollout), so it is an observation of a whole
 * service. A single pod does not show the others, and belongs to no deployment that a deployer names: it is ignored.
 *
 * Pods count if they are not being deleted and all of their containers run. An observation is recorded only if all of
 * them run the same images: in the middle of a rollout, pods alone do not show a settled state, or when a mixture ended.
 * Its time is the newest start of a container: since then, all pods run these images.
 * Key: a hash of the workload, that time and the images. The same list again is a duplicate. After a rollback, the
 * restored version is a new observation, and the newest: while only the other version ran, none of these pods ran, so
 * all of their containers started later.
 * Proof: none in the payload; the endpoint requires a writer's token.
 * The digest comes from `imageID`, in any form that a runtime writes. A bare digest belongs to the image's configuration
 * or its manifest; it is resolved by the known indexes, and names no repository. Containers that a mesh injects are not
 * part of the service. Quarantined are only the fields that are read here, and nothing of an unreadable object: a pod's
 * environment may contain secrets.
 * Not in the payload: commits, deployers, tags that can be trusted; what has no pods; the cluster (`X-Asof-Cluster`).
 * Format: kubernetes.io, API reference of Pod (`PodStatus`, `ContainerStatus`); forms of `imageID`: kubernetes/kubernetes
 * issues 108689 and 115199.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import { type Image, partsOf } from "../image.ts";
import { hashOf, ignored, MAX_EVENTS, maybeText, quoted, rejected, said } from "../payload.ts";
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
      identity: "workload, what it runs and since when",
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
  state: z.object({ running: z.object({ startedAt: z.string() }).optional() }),
});
type ContainerStatus = z.infer<typeof ContainerStatus>;

const Pod = z.object({
  kind: z.literal("Pod").optional(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    deletionTimestamp: maybeText,
    labels: z.object({ "pod-template-hash": maybeText, "rollouts-pod-template-hash": maybeText }).nullish(),
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

function toStatements(payload: unknown, { headers }: Context): Mapped[] {
  if (Single.safeParse(payload).success || Watched.safeParse(payload).success)
    return [ignored("a single pod does not show what its service runs: send the list of all pods", null)];
  const parsed = PodList.safeParse(payload);
  return parsed.success ? mapList(parsed.data, clusterOf(headers)) : [rejected(faultsOf(parsed.error), null)];
}

function mapList(list: z.infer<typeof PodList>, cluster: string | undefined): Mapped[] {
  if (cluster === undefined) return [withoutCluster(list)];
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
  return [...workloads.values()].map((pods) => mapWorkload(pods, cluster));
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

function mapWorkload(pods: readonly Pod[], cluster: string): Mapped {
  const [first] = pods;
  const { namespace, kind, name } = first === undefined ? { namespace: "" } : ownerOf(first);
  if (name === undefined)
    return ignored("pods of jobs, pods of nodes and pods without an owner are not a service", pods);
  const seen = pods.flatMap((pod) => runningIn(pod) ?? []);
  // Nodes may name different repositories for one digest: always the same one is used.
  const [one, ...others] = seen.map(({ components }) => components).sort(byText);
  if (one === undefined) return ignored(`no pod of ${quoted(name)} runs`, pods);
  if (others.some((other) => imagesOf(other) !== imagesOf(one)))
    return ignored(
      `the pods of ${quoted(name)} do not all run the same: a rollout, or a tag that moved`,
      pods,
    );
  const since = seen.map(({ startedAt }) => startedAt).reduce(later);
  return said(
    {
      kind: "deployment.observed",
      source: sourceOf("kubernetes", segment(cluster), segment(namespace)),
      id: hashOf(kind, name, since, JSON.stringify(one)),
      occurredAt: since,
      environment: `${cluster}/${namespace}`,
      service: name,
      components: one,
      cluster,
      namespace,
    },
    pods,
  );
}

const later = (a: string, b: string): string => (a > b ? a : b);
const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

interface Seen extends Partial<Image> {
  readonly component: string;
}

/** What distinguishes two pods: digests, or whole references if there are no digests. */
const imagesOf = (components: readonly Seen[]): string =>
  JSON.stringify(
    components.map(({ component, digest, repository, tag }) => [component, digest ?? [repository, tag]]),
  );

// --- one pod ----------------------------------------------------------------------------------------------

/** Containers that meshes and operators inject into pods. */
const INJECTED = /^(istio-proxy|linkerd-proxy|consul-dataplane|vault-agent|daprd)$/;

/** The images that a pod runs, and since when; undefined if it is being deleted, or if a container does not run. */
function runningIn({ metadata, status }: Pod): { components: Seen[]; startedAt: string } | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const own = (status.containerStatuses ?? []).filter(({ name }) => !INJECTED.test(name));
  const starts = own.flatMap(({ state }) => state.running?.startedAt ?? []);
  if (own.length === 0 || starts.length < own.length) return undefined;
  const components = own
    .map((one) => ({ component: own.length === 1 ? "main" : one.name, ...imageOf(one) }))
    .sort((a, b) => (a.component < b.component ? -1 : 1));
  return { components, startedAt: starts.reduce(later) };
}

/** The image by digest, in the repository that it was pulled from; by tag only if the runtime reports no digest. */
function imageOf({ image, imageID }: ContainerStatus): Partial<Image> {
  return digestIn(imageID.replace(/^docker(-pullable)?:\/\//, "")) ?? digestIn(image) ?? partsOf(image);
}

function digestIn(reference: string): Partial<Image> | undefined {
  if (/^sha(256|512):/.test(reference)) return { digest: reference };
  const { repository, digest } = partsOf(reference);
  if (digest === undefined) return undefined;
  return repository === undefined ? { digest } : { repository, digest };
}
