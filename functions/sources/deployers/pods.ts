/**
 * Pods of Kubernetes, and what those of one workload run. Pods count if they are not being deleted and all of their
 * containers run. The digest comes from `imageID`, in any form that a runtime writes.
 * Format: kubernetes.io, API reference of Pod (`PodStatus`, `ContainerStatus`); forms of `imageID`: kubernetes/kubernetes
 * issues 108689 and 115199.
 */
import * as z from "zod";
import { by } from "../../../schemas/words/ordering.ts";
import { type Image, partsOf } from "../image.ts";
import { maybeText, present } from "../payload.ts";

// Not loose schemas: fields that are not read here must not be quarantined.
const ContainerStatus = z.object({
  name: z.string(),
  image: z.string(),
  imageID: z.string(),
  ready: z.boolean().optional(),
  state: z.object({
    running: z.object({ startedAt: z.string() }).optional(),
    terminated: z.object({ startedAt: maybeText }).nullish(),
  }),
});
type ContainerStatus = z.infer<typeof ContainerStatus>;

export const Pod = z.object({
  kind: z.literal("Pod").optional(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    deletionTimestamp: maybeText,
    creationTimestamp: maybeText,
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
export type Pod = z.infer<typeof Pod>;

/** Owners of pods that run to completion, or that the node itself runs. */
const NO_SERVICES: ReadonlySet<string> = new Set(["Job", "Node"]);

/** The pod's workload. A ReplicaSet whose name ends in the template's hash belongs to a Deployment (or Rollout). */
export function ownerOf({ metadata: { namespace, labels, ownerReferences } }: Pod) {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || NO_SERVICES.has(owner.kind)) return { namespace };
  const hash = labels?.["rollouts-pod-template-hash"] ?? labels?.["pod-template-hash"];
  return owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? { namespace, kind: "Deployment", name: owner.name.slice(0, -hash.length - 1) }
    : { namespace, kind: owner.kind, name: owner.name };
}

/** What all of these pods run, and since when; undefined if they run different images, or if there are none. */
export function settledAmong(
  pods: readonly Running[],
): { components: readonly Seen[]; since: string } | undefined {
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

/**
 * What the oldest template's pods run. In the middle of a rollout, that is what runs for all, as in a rollout that a
 * deployer reports.
 */
export function oldestAmong(pods: readonly Running[]): ReturnType<typeof settledAmong> {
  const [first] = pods.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  return settledAmong(pods.filter(({ template }) => template === first?.template));
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
const earlier = (a: string, b: string): string => (Date.parse(b) < Date.parse(a) ? b : a);
const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

export interface Seen extends Partial<Image> {
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

export interface Running {
  readonly components: readonly Seen[];
  readonly startedAt: string;
  /** When the pod was created or, if the list does not tell, first ran: its containers may have restarted. */
  readonly createdAt: string;
  readonly isReady: boolean;
  /** Equal for pods that were made from one template. */
  readonly template: string;
}

/** Whether a container is the service's own, and none that a mesh injects. */
const isOwn = ({ name }: { readonly name: string }): boolean => !INJECTED.test(name);

/** The images of a pod's own containers, by component, whether or not they run. */
export function imagesIn({ status }: Pod): Seen[] {
  const own = (status.containerStatuses ?? []).filter(isOwn);
  return own
    .map((one) => ({ component: own.length === 1 ? "main" : one.name, ...imageOf(one) }))
    .sort(by(({ component }) => component));
}

/**
 * What a pod runs, and since when; undefined if it is being deleted, or if a container does not run.
 * @param orRan also a container that has ended counts: the pods of a Job are made to end
 */
export function runningIn(pod: Pod, { orRan = false } = {}): Running | undefined {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const own = (status.containerStatuses ?? []).filter(isOwn);
  const starts = own.flatMap(
    ({ state }) => state.running?.startedAt ?? (orRan ? state.terminated?.startedAt : undefined) ?? [],
  );
  if (own.length === 0 || starts.length < own.length) return undefined;
  return {
    components: imagesIn(pod),
    startedAt: starts.reduce(later),
    createdAt: metadata.creationTimestamp ?? starts.reduce(earlier),
    isReady: own.every(({ ready }) => ready !== false),
    template: templateOf(pod),
  };
}

/** The hash of the template that a pod was made from if its workload labels it, else its images: equal for one template. */
export function templateOf({ metadata: { labels }, status }: Pod): string {
  return (
    labels?.["rollouts-pod-template-hash"] ??
    labels?.["pod-template-hash"] ??
    labels?.["controller-revision-hash"] ??
    (status.containerStatuses ?? [])
      .filter(isOwn)
      .map(({ name, image }) => JSON.stringify([name, image]))
      .sort()
      .join()
  );
}

/** The image by digest, in the repository that it was pulled from; by tag only if the runtime reports no digest. */
function imageOf({ image, imageID }: ContainerStatus): Omit<Seen, "component"> {
  const [, ofDocker, reference = ""] = /^(docker(?:-pullable)?:\/\/)?(.*)$/s.exec(imageID) ?? [];
  const named = ofDocker === undefined ? reference : wholeName(reference);
  return digestIn(named) ?? digestIn(image) ?? partsOf(image);
}

/** Docker leaves out the host of its own registry, and the folder of its official images. */
function wholeName(reference: string): string {
  if (/^sha(256|512):/.test(reference) || partsOf(reference).repository !== undefined) return reference;
  return `docker.io/${reference.includes("/") ? reference : `library/${reference}`}`;
}

function digestIn(reference: string): Omit<Seen, "component"> | undefined {
  if (/^sha(256|512):/.test(reference)) return { digest: reference, digestOf: "configuration" };
  const { repository, digest } = partsOf(reference);
  if (digest === undefined) return undefined;
  return repository === undefined ? { digest } : { repository, digest };
}
