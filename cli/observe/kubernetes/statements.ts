/** Turns what a cluster shows of a workload into an observation. */
import { segment } from "../../../functions/sources/deployers/cluster.ts";
import { hashOf, present } from "../../../functions/sources/payload.ts";
import type { ClusterState } from "../../../schemas/cluster-state.ts";
import { sha, WORKLOADS } from "../../../schemas/scalars.ts";
import { becauseOf, type Essence, essenceOf, shownBy, stateOf, type Version } from "../versions.ts";
import { APP_VERSION, REVISIONS } from "./objects.ts";
import type { PodVersion, Workload } from "./workloads.ts";

export interface Look {
  readonly cluster: string;
  /** When it was looked, rounded down to the step. */
  readonly at: string;
  /** The annotation that names a commit. */
  readonly commitAnnotation: string;
}

/** What is observed; or why nothing can be. */
export type Observation =
  | { readonly is: "observed"; readonly statement: object; readonly essence: Essence }
  | { readonly is: "unknown"; readonly why: string; readonly where: string };

const SETTINGS_MAX = 64;

const versionOf =
  (isRun: boolean) =>
  ({ pods, running, revision, weight }: PodVersion): Version => ({
    pods: pods.length,
    // Of a run those count that began.
    running: isRun ? running.map((one) => ({ ...one, isReady: true })) : running,
    images: pods[0]?.images ?? [],
    obstacles: pods.flatMap(({ obstacles }) => obstacles),
    revision,
    weight,
  });

/** A label or annotation of the newest pods, else of their owner. */
function named({ versions, owner }: Workload, key: string): string | undefined {
  const pod = versions.at(-1)?.pods[0];
  const found = pod?.labels[key] ?? pod?.annotations[key] ?? owner?.labels[key] ?? owner?.annotations[key];
  return found === "" ? undefined : found;
}

function clusterStateOf(
  workload: Workload,
  versions: readonly Version[],
  { commitAnnotation }: Look,
): ClusterState {
  const { owner, settings } = workload;
  const revision = owner?.annotations[REVISIONS[0]] ?? workload.versions.at(-1)?.revision;
  const version = named(workload, APP_VERSION);
  const commit = sha.safeParse(named(workload, commitAnnotation)).data;
  return stateOf(versions, {
    ...(owner?.desired === undefined ? {} : { desired: owner.desired }),
    ...(revision === undefined ? {} : { revision }),
    ...(version === undefined ? {} : { version }),
    ...(commit === undefined ? {} : { commit }),
    ...(settings.length === 0 ? {} : { settings: settings.slice(0, SETTINGS_MAX) }),
  });
}

/** What is seen of a workload. */
export function observationOf(workload: Workload, look: Look): Observation {
  const { kind, namespace, name, isRun } = workload;
  const versions = workload.versions.map(versionOf(isRun));
  const shown = shownBy(versions);
  const where = `${look.cluster}/${namespace}/${name}`;
  const clusterState = clusterStateOf(workload, versions, look);
  if (shown === undefined) {
    const isRunning = versions.some(({ running }) => running.length > 0);
    const why = isRunning
      ? "which image pods of one template run, as they name several and no digest"
      : `what a workload runs that has no running pod${becauseOf(clusterState)}`;
    return { is: "unknown", why, where };
  }
  const { components, since } = shown;
  // A run may be over: it is known to have begun.
  const isPast = isRun || Date.parse(look.at) < Date.parse(since);
  const occurredAt = isPast ? since : look.at;
  return {
    is: "observed",
    essence: essenceOf(occurredAt, shown, clusterState),
    statement: {
      kind: "deployment.observed",
      source: `/observe/kubernetes/${segment(look.cluster)}/${segment(namespace)}`,
      id: hashOf(kind, name, occurredAt, since, JSON.stringify([components, clusterState])),
      occurredAt,
      since,
      environment: `${look.cluster}/${namespace}`,
      service: name,
      components,
      cluster: look.cluster,
      namespace,
      ...present({ workload: WORKLOADS.find((one) => one === kind) }),
      clusterState,
    },
  };
}
