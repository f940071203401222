/** Objects of a cluster, as its API server shows them. */
import { digestOf } from "../ledger/given.ts";
import type { ApiObject } from "./server.ts";

export const REPOSITORY = "ghcr.io/acme/web";

interface Shown {
  readonly name?: string;
  readonly service?: string;
  readonly image?: string;
  readonly template?: string;
  readonly since?: string;
  readonly isReady?: boolean;
  /** When its container ended. */
  readonly endedAt?: string;
  /** Why its container waits. */
  readonly waiting?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly createdAt?: string;
  readonly deletedAt?: string;
}

/** A pod of a Deployment, if nothing else is said. */
export function pod(shown: Shown = {}): ApiObject {
  const { service = "web", template = "aaa", image = "one", since = "2026-11-01T09:00:30Z" } = shown;
  const {
    name = `${service}-${template}-1`,
    waiting,
    endedAt,
    isReady = waiting === undefined && endedAt === undefined,
    createdAt,
    deletedAt,
  } = shown;
  const ran =
    endedAt === undefined
      ? { running: { startedAt: since } }
      : { terminated: { startedAt: since, finishedAt: endedAt, exitCode: 0, reason: "Completed" } };
  const state = waiting === undefined ? ran : { waiting: { reason: waiting } };
  const owner = shown.owner ?? { kind: "ReplicaSet", name: `${service}-${template}` };
  const metadata = {
    name,
    namespace: "shop",
    uid: `pod/${name}`,
    labels: {
      app: service,
      ...(template === "" ? {} : { "pod-template-hash": template }),
      ...shown.labels,
    },
    annotations: shown.annotations ?? {},
    ownerReferences: [{ ...owner, controller: true }],
    ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
    ...(deletedAt === undefined ? {} : { deletionTimestamp: deletedAt }),
  };
  const spec = {
    containers: [
      { name: "app", image: `${REPOSITORY}:${image}`, env: [{ name: "PASSWORD", value: "a-secret-value" }] },
    ],
    ...shown.spec,
  };
  const status = {
    phase: "Running",
    containerStatuses: [
      {
        name: "app",
        image: `${REPOSITORY}:${image}`,
        imageID: waiting === "ImagePullBackOff" ? "" : `${REPOSITORY}@${digestOf(image)}`,
        ready: isReady,
        state,
      },
    ],
  };
  const object = { apiVersion: "v1", kind: "Pod", metadata, spec, status };
  return object;
}

/** An owner of pods; `of` is its own owner. */
export function owner(
  kind: string,
  name: string,
  more: {
    readonly replicas?: number;
    readonly annotations?: object;
    readonly labels?: object;
    readonly of?: object;
    readonly generateName?: string;
  } = {},
): ApiObject {
  const { replicas, annotations = {}, labels = {}, of, generateName } = more;
  const ownerReferences = of === undefined ? {} : { ownerReferences: [{ ...of, controller: true }] };
  const metadata = {
    name,
    namespace: "shop",
    uid: `${kind}/${name}`,
    annotations,
    labels,
    ...ownerReferences,
    ...(generateName === undefined ? {} : { generateName }),
  };
  const object = { kind, metadata, spec: replicas === undefined ? {} : { replicas }, status: {} };
  return object;
}

/** Any object with a specification or a status. */
export function object(name: string, parts: object = {}): ApiObject {
  const made = { metadata: { name, namespace: "shop", uid: `object/${name}` }, ...parts };
  return made;
}
