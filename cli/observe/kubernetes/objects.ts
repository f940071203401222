/**
 * Objects of a cluster, reduced to the fields that are read: of 10 KB of a pod, a few hundred bytes are kept. Contents of
 * settings never are.
 */
import * as z from "zod";
import {
  imagesIn,
  ownerOf,
  Pod,
  type Running,
  runningIn,
  type Seen,
  templateOf,
} from "../../../functions/sources/deployers/pods.ts";
import { hashOf } from "../../../functions/sources/payload.ts";

const Names = z.record(z.string(), z.string());
const Meta = z.object({
  name: z.string(),
  generateName: z.string().optional(),
  namespace: z.string().default(""),
  uid: z.string().optional(),
  creationTimestamp: z.string().default(""),
  labels: Names.nullish(),
  annotations: Names.nullish(),
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().optional() }))
    .nullish(),
});

/** Equal texts and sets of labels of thousands of pods are one in memory. */
const known = new Map<string, unknown>();
const KNOWN_MAX = 50_000;
function shared<T>(value: T, is: (found: unknown) => found is T): T {
  const key = JSON.stringify(value);
  const found = known.get(key);
  if (is(found)) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, value);
  return value;
}
const isLabels = (found: unknown): found is Readonly<Record<string, string>> =>
  typeof found === "object" && found !== null && !Array.isArray(found);
const isNames = (found: unknown): found is readonly string[] =>
  Array.isArray(found) && found.every((one) => typeof one === "string");
const isImages = (found: unknown): found is readonly Seen[] =>
  Array.isArray(found) && found.every((one) => typeof one === "object");

/** The annotations that are read: others may be as long as a whole manifest, or differ from pod to pod. */
export const REVISIONS = ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"] as const;
export const APP_VERSION = "app.kubernetes.io/version";
const READ: ReadonlySet<string> = new Set([...REVISIONS, APP_VERSION]);

const read = (
  annotations: Readonly<Record<string, string>> | null | undefined,
  commitAnnotation: string,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations ?? {}).filter(([key]) => READ.has(key) || key === commitAnnotation),
  );

// --- pods -------------------------------------------------------------------------------------------------

const Reference = z.object({ name: z.string().optional() }).nullish();
const Projected = z.object({ configMap: Reference, secret: Reference });
const Volume = Projected.extend({
  secret: z.object({ secretName: z.string().optional() }).nullish(),
  projected: z.object({ sources: z.array(Projected).nullish() }).nullish(),
});
const From = z.object({
  env: z
    .array(
      z.object({ valueFrom: z.object({ configMapKeyRef: Reference, secretKeyRef: Reference }).nullish() }),
    )
    .nullish(),
  envFrom: z.array(z.object({ configMapRef: Reference, secretRef: Reference })).nullish(),
});
const Waiting = z.object({
  name: z.string(),
  state: z.object({ waiting: z.object({ reason: z.string().optional() }).nullish() }).nullish(),
});
const FullPod = z.object({
  metadata: Meta,
  spec: z.object({
    volumes: z.array(Volume).nullish(),
    containers: z.array(From).nullish(),
    initContainers: z.array(From).nullish(),
  }),
  status: z.object({
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), reason: z.string().optional() }))
      .nullish(),
    containerStatuses: z.array(Waiting).nullish(),
    initContainerStatuses: z.array(Waiting).nullish(),
  }),
});
type FullPod = z.infer<typeof FullPod>;

/** Why a container waits that will not start by itself soon. */
const OBSTACLES =
  /^(CrashLoopBackOff|ImagePullBackOff|ErrImagePull|ErrImageNeverPull|InvalidImageName|Create\w*Error|RunContainerError)$/;
/** In every namespace and pod. */
const OF_EVERY_POD = "ConfigMap/kube-root-ca.crt";

export interface ObservedPod {
  readonly namespace: string;
  readonly name: string;
  /** Its controller. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  /** As its owner's name and its labels tell it; without a name: it has none, or is a Job's. */
  readonly workload: { readonly kind?: string; readonly name?: string };
  /** Equal for pods that were made from one template. */
  readonly template: string;
  readonly isBeingDeleted: boolean;
  /** Of a Job's pod also what ran. */
  readonly running: Running | undefined;
  /** Whether or not they run. */
  readonly images: readonly Seen[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** `reason` and container, or the reason alone. */
  readonly obstacles: readonly { readonly reason: string; readonly container?: string }[];
  /** `ConfigMap/name` and `Secret/name`. */
  readonly settings: readonly string[];
}

function settingsOf({ spec }: FullPod): string[] {
  const volumes = (spec.volumes ?? []).flatMap(({ configMap, secret, projected }) => [
    ["ConfigMap", configMap?.name],
    ["Secret", secret?.secretName],
    ...(projected?.sources ?? []).flatMap((one) => [
      ["ConfigMap", one.configMap?.name],
      ["Secret", one.secret?.name],
    ]),
  ]);
  const used = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ env, envFrom }) => [
    ...(env ?? []).flatMap(({ valueFrom }) => [
      ["ConfigMap", valueFrom?.configMapKeyRef?.name],
      ["Secret", valueFrom?.secretKeyRef?.name],
    ]),
    ...(envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
      ["ConfigMap", configMapRef?.name],
      ["Secret", secretRef?.name],
    ]),
  ]);
  const names = [...volumes, ...used].flatMap(([kind, name]) =>
    name === undefined ? [] : [`${kind}/${name}`],
  );
  return [...new Set(names)].filter((one) => one !== OF_EVERY_POD).sort();
}

function obstaclesOf({ status }: FullPod): ObservedPod["obstacles"] {
  const waiting = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(
    ({ name, state }) => {
      const reason = state?.waiting?.reason ?? "";
      return OBSTACLES.test(reason) ? [{ reason, container: name }] : [];
    },
  );
  const unscheduled = (status.conditions ?? []).some(
    (one) => one.type === "PodScheduled" && one.status === "False" && one.reason === "Unschedulable",
  );
  return unscheduled ? [...waiting, { reason: "Unschedulable" }] : waiting;
}

/** What a pod runs, with equal images of thousands of pods once in memory. */
function ranIn(pod: Pod, isRun: boolean): Running | undefined {
  const running = runningIn(pod, { orRan: isRun });
  return running === undefined ? undefined : { ...running, components: shared(running.components, isImages) };
}

export function podOf(object: unknown, commitAnnotation: string): ObservedPod | undefined {
  const [pod, full] = [Pod.safeParse(object), FullPod.safeParse(object)];
  if (!pod.success || !full.success) return undefined;
  const { metadata } = full.data;
  const { namespace: _, ...workload } = ownerOf(pod.data);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const isRollout =
    workload.kind === "Deployment" && metadata.labels?.["rollouts-pod-template-hash"] !== undefined;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    owner,
    workload: isRollout ? { ...workload, kind: "Rollout" } : workload,
    template: templateOf(pod.data),
    isBeingDeleted: pod.data.metadata.deletionTimestamp !== undefined,
    running: ranIn(pod.data, owner?.kind === "Job"),
    images: shared(imagesIn(pod.data), isImages),
    labels: shared(metadata.labels ?? {}, isLabels),
    annotations: read(metadata.annotations, commitAnnotation),
    createdAt: metadata.creationTimestamp,
    obstacles: obstaclesOf(full.data),
    settings: shared(settingsOf(full.data), isNames),
  };
}

// --- owners -----------------------------------------------------------------------------------------------

export interface Owner {
  readonly namespace: string;
  readonly name: string;
  /** Its name without what the server added to make it another one than those before. */
  readonly family: string;
  readonly desired: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The owner of this one: a Job's CronJob. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
}

const FullOwner = z.object({
  metadata: Meta,
  spec: z.object({ replicas: z.number().int().optional() }).nullish(),
  status: z.object({ desiredNumberScheduled: z.number().int().optional() }).nullish(),
});

export function workloadOwnerOf(object: unknown, commitAnnotation: string): Owner | undefined {
  const parsed = FullOwner.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const { namespace, name, generateName, labels, annotations, ownerReferences } = metadata;
  return {
    namespace,
    name,
    family: generateName?.replace(/-+$/, "") || name,
    desired: status?.desiredNumberScheduled ?? spec?.replicas,
    labels: labels ?? {},
    annotations: read(annotations, commitAnnotation),
    owner: ownerReferences?.find(({ controller }) => controller === true),
  };
}

/** Old ones without pods are many, and say nothing of what runs. */
export function replicaSetOf(object: unknown, commitAnnotation: string): Owner | undefined {
  const owner = workloadOwnerOf(object, commitAnnotation);
  return owner?.desired === 0 ? undefined : owner;
}

// --- settings ---------------------------------------------------------------------------------------------

export interface Setting {
  readonly namespace: string;
  readonly name: string;
  readonly revision: string;
}

const Versioned = z.object({ metadata: Meta.extend({ uid: z.string(), resourceVersion: z.string() }) });

/** The revision is a hash of the object's identity and version: nothing of its content, not even a hash of it. */
export function settingOf(object: unknown): Setting | undefined {
  const parsed = Versioned.safeParse(object);
  if (!parsed.success) return undefined;
  const { namespace, name, uid, resourceVersion } = parsed.data.metadata;
  return { namespace, name, revision: hashOf(uid, resourceVersion) };
}
