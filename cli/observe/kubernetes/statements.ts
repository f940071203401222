/**
 * What a cluster shows of a workload, as an observation. In the middle of a rollout the version that ran before is what
 * runs for all, as in a rollout that a deployer reports; both stand side by side in `clusterState`. Only where the traffic
 * has weights do both run, as variants.
 */

import { segment } from "../../../functions/sources/deployers/cluster.ts";
import { type Seen, settledAmong } from "../../../functions/sources/deployers/pods.ts";
import { hashOf, present } from "../../../functions/sources/payload.ts";
import type { ClusterState } from "../../../schemas/cluster-state.ts";
import { sha, WORKLOADS } from "../../../schemas/scalars.ts";
import { byKey } from "../../../schemas/words/ordering.ts";
import { APP_VERSION, REVISIONS } from "./objects.ts";
import type { Version, Workload } from "./workloads.ts";

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

/** What makes a new fact within a step: obstacles that are gone, and counts of pods, wait for the next one. */
export interface Essence {
  readonly key: string;
  readonly obstacles: readonly string[];
}

const VERSIONS_MAX = 8;
const OBSTACLES_MAX = 16;
const SETTINGS_MAX = 64;

const earliest = (times: readonly string[]): string | undefined =>
  times.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0];
const latest = (times: readonly string[]): string | undefined =>
  times.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0];

type Shown = {
  readonly components: readonly (Seen & { variant?: string; weight?: number })[];
  readonly since: string;
};

/** Both versions with their weights, if these divide the traffic between them. */
function weighted(versions: readonly Version[]): Shown | undefined {
  const parts = versions.map((version) => ({ version, settled: settledAmong(version.running) }));
  const weights = versions.map(({ weight }) => weight);
  const sum = weights.reduce((total: number, weight) => total + (weight ?? 200), 0);
  const starts = parts.flatMap(
    ({ version }) => earliest(version.running.map(({ startedAt }) => startedAt)) ?? [],
  );
  const since = latest(starts);
  if (sum < 99 || sum > 101 || since === undefined || parts.some(({ settled }) => settled === undefined))
    return undefined;
  const components = parts.flatMap(({ version, settled }, n) => {
    const variant = n === 0 ? {} : { variant: n === 1 ? "canary" : `canary-${n}` };
    return (settled?.components ?? []).map((one) => ({ ...one, ...variant, weight: version.weight ?? 0 }));
  });
  return { components, since };
}

/** What runs for all, and since when. */
function shownBy({ versions }: Workload): Shown | undefined {
  const running = versions.flatMap((version) => version.running);
  const live = versions.filter((version) => version.running.length > 0);
  return (
    settledAmong(running) ??
    (live.length > 1 ? weighted(live) : undefined) ??
    settledAmong(running.filter(({ isReady }) => isReady)) ??
    settledAmong(live[0]?.running ?? [])
  );
}

function versionState({ pods, running, revision, weight }: Version): BesideVersion {
  const settled = settledAmong(running);
  const [first] = pods;
  const since = earliest(running.map(({ startedAt }) => startedAt));
  return {
    components: mutable(settled?.components ?? first?.images ?? []),
    pods: pods.length,
    ready: running.filter(({ isReady }) => isReady).length,
    ...(since === undefined ? {} : { since }),
    ...(revision === undefined ? {} : { revision }),
    ...(weight === undefined ? {} : { weight }),
  };
}

function obstaclesOf(versions: readonly Version[]): NonNullable<ClusterState["obstacles"]> {
  const counts = new Map<string, { reason: string; component?: string; pods: number }>();
  for (const { obstacles } of versions.flatMap(({ pods }) => pods))
    for (const { reason, container } of obstacles) {
      const key = `${reason} ${container ?? ""}`;
      const known = counts.get(key);
      if (known === undefined)
        counts.set(key, { reason, pods: 1, ...(container === undefined ? {} : { component: container }) });
      else known.pods += 1;
    }
  return [...counts]
    .sort(byKey)
    .map(([, one]) => one)
    .slice(0, OBSTACLES_MAX);
}

/** A label or annotation of the newest pods, else of their owner. */
function named({ versions, owner }: Workload, key: string): string | undefined {
  const pod = versions.at(-1)?.pods[0];
  const found = pod?.labels[key] ?? pod?.annotations[key] ?? owner?.labels[key] ?? owner?.annotations[key];
  return found === "" ? undefined : found;
}

function stateOf(workload: Workload, { commitAnnotation }: Look): ClusterState {
  const { versions, owner, settings, isRun } = workload;
  const obstacles = obstaclesOf(versions);
  // A version of which no container was ever made names no image.
  const beside = versions
    .map(versionState)
    .filter(({ components }) => components.length > 0)
    .slice(-VERSIONS_MAX);
  const revision = owner?.annotations[REVISIONS[0]] ?? versions.at(-1)?.revision;
  const version = named(workload, APP_VERSION);
  const commit = sha.safeParse(named(workload, commitAnnotation)).data;
  return {
    pods: versions.reduce((sum, { pods }) => sum + pods.length, 0),
    // Of a run: those that began.
    ready: versions.flatMap(({ running }) => running).filter(({ isReady }) => isRun || isReady).length,
    ...(owner?.desired === undefined ? {} : { desired: owner.desired }),
    ...(revision === undefined ? {} : { revision }),
    ...(version === undefined ? {} : { version }),
    ...(commit === undefined ? {} : { commit }),
    ...(beside.length < 2 ? {} : { versions: beside }),
    ...(obstacles.length === 0 ? {} : { obstacles }),
    ...(settings.length === 0 ? {} : { settings: settings.slice(0, SETTINGS_MAX) }),
  };
}

/** What is no count of pods, and no obstacle. */
function essenceOf(occurredAt: string, shown: Shown, state: ClusterState): Essence {
  const { pods: _, ready: __, obstacles = [], versions = [], ...lasting } = state;
  const beside = versions.map(({ components, revision, weight }) => ({ components, revision, weight }));
  return {
    key: hashOf(JSON.stringify([occurredAt, shown, lasting, beside])),
    obstacles: obstacles.map(({ reason, component }) => `${reason} ${component ?? ""}`),
  };
}

type BesideVersion = NonNullable<ClusterState["versions"]>[number];
const mutable = (components: readonly Seen[]): BesideVersion["components"] =>
  components.map(({ otherDigests, ...one }) => ({
    ...one,
    ...(otherDigests === undefined ? {} : { otherDigests: [...otherDigests] }),
  }));

const reasonOf = (obstacles: NonNullable<ClusterState["obstacles"]>): string =>
  obstacles.length === 0 ? "" : `: ${[...new Set(obstacles.map(({ reason }) => reason))].join(", ")}`;

/** What is seen of a workload. */
export function observationOf(workload: Workload, look: Look): Observation {
  const { kind, namespace, name, versions, isRun } = workload;
  const shown = shownBy(workload);
  const where = `${look.cluster}/${namespace}/${name}`;
  const clusterState = stateOf(workload, look);
  if (shown === undefined) {
    const isRunning = versions.some(({ running }) => running.length > 0);
    const why = isRunning
      ? "which image pods of one template run, as they name several and no digest"
      : `what a workload runs that has no running pod${reasonOf(clusterState.obstacles ?? [])}`;
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
