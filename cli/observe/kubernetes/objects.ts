/** Objects of a cluster, reduced to the fields that are read: of 10 KB of a pod, one is kept. Contents of settings never are. */
import * as z from "zod";
import { Pod } from "../../../functions/sources/deployers/pods.ts";
import { hashOf } from "../../../functions/sources/payload.ts";

const Names = z.record(z.string(), z.string());
const Meta = z.object({
  name: z.string(),
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
const isList = (found: unknown): found is readonly string[] => Array.isArray(found);

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
  readonly pod: Pod;
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
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

/** Annotations that are kept: one may be long, like a whole manifest. */
const ANNOTATION_MAX = 128;
const short = (annotations: Readonly<Record<string, string>> | null | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations ?? {}).filter(([, value]) => value.length <= ANNOTATION_MAX));

export function podOf(object: unknown): ObservedPod | undefined {
  const [pod, full] = [Pod.safeParse(object), FullPod.safeParse(object)];
  if (!pod.success || !full.success) return undefined;
  const { metadata } = full.data;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    pod: pod.data,
    owner,
    labels: shared(metadata.labels ?? {}, isLabels),
    annotations: shared(short(metadata.annotations), isLabels),
    createdAt: metadata.creationTimestamp,
    obstacles: obstaclesOf(full.data),
    settings: shared(settingsOf(full.data), isList),
  };
}

// --- owners -----------------------------------------------------------------------------------------------

export interface Owner {
  readonly namespace: string;
  readonly name: string;
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

export function workloadOwnerOf(object: unknown): Owner | undefined {
  const parsed = FullOwner.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const { namespace, name, labels, annotations, ownerReferences } = metadata;
  return {
    namespace,
    name,
    desired: status?.desiredNumberScheduled ?? spec?.replicas,
    labels: labels ?? {},
    annotations: short(annotations),
    owner: ownerReferences?.find(({ controller }) => controller === true),
  };
}

/** Old ones without pods are many, and say nothing of what runs. */
export function replicaSetOf(object: unknown): Owner | undefined {
  const owner = workloadOwnerOf(object);
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
