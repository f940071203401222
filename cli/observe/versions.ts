/**
 * The versions of a service that a cluster runs side by side: the main version, the others, and what blocks them.
 * During a rollout, the main version is the one that ran before, as in a rollout that a deployer reports. Both count as
 * running, as variants, only if the traffic has weights.
 */

import { type Running, type Seen, settledAmong } from "../../functions/sources/deployers/pods.ts";
import { hashOf } from "../../functions/sources/payload.ts";
import type { ClusterState } from "../../schemas/cluster-state.ts";
import { byKey } from "../../schemas/words/ordering.ts";

/** What stands in the way of a pod or task, in the cluster's own words. */
export interface Obstacle {
  readonly reason: string;
  readonly container?: string;
  /** How many of them; absent: one. */
  readonly pods?: number;
}

/** Pods, or tasks, of one template. */
export interface Version {
  readonly pods: number;
  readonly running: readonly Running[];
  /** Those of the template: what is to run where nothing runs yet. */
  readonly images: readonly Seen[];
  readonly obstacles: readonly Obstacle[];
  readonly revision: string | undefined;
  readonly weight: number | undefined;
}

const VERSIONS_MAX = 8;
const OBSTACLES_MAX = 16;

const earliest = (times: readonly string[]): string | undefined =>
  times.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0];
const latest = (times: readonly string[]): string | undefined =>
  times.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0];

export interface Shown {
  readonly components: readonly (Seen & { variant?: string; weight?: number })[];
  readonly since: string;
}

/** All versions with their weights, if these divide the traffic between them. */
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

/** What runs for all, and since when. The versions are sorted: the oldest first. */
export function shownBy(versions: readonly Version[]): Shown | undefined {
  const running = versions.flatMap((version) => version.running);
  const live = versions.filter((version) => version.running.length > 0);
  return (
    settledAmong(running) ??
    (live.length > 1 ? weighted(live) : undefined) ??
    settledAmong(running.filter(({ isReady }) => isReady)) ??
    settledAmong(live[0]?.running ?? [])
  );
}

type BesideVersion = NonNullable<ClusterState["versions"]>[number];
const mutable = (components: readonly Seen[]): BesideVersion["components"] =>
  components.map(({ otherDigests, ...one }) => ({
    ...one,
    ...(otherDigests === undefined ? {} : { otherDigests: [...otherDigests] }),
  }));

function besideOf({ pods, running, images, revision, weight }: Version): BesideVersion {
  const settled = settledAmong(running);
  const since = earliest(running.map(({ startedAt }) => startedAt));
  return {
    components: mutable(settled?.components ?? images),
    pods,
    ready: running.filter(({ isReady }) => isReady).length,
    ...(since === undefined ? {} : { since }),
    ...(revision === undefined ? {} : { revision }),
    ...(weight === undefined ? {} : { weight }),
  };
}

type Obstacles = NonNullable<ClusterState["obstacles"]>;

function obstaclesOf(versions: readonly Version[]): Obstacles {
  const counts = new Map<string, { reason: string; component?: string; pods: number }>();
  for (const { reason, container, pods = 1 } of versions.flatMap(({ obstacles }) => obstacles)) {
    const key = `${reason} ${container ?? ""}`;
    const known = counts.get(key);
    if (known === undefined)
      counts.set(key, { reason, pods, ...(container === undefined ? {} : { component: container }) });
    else known.pods += pods;
  }
  return [...counts]
    .sort(byKey)
    .map(([, one]) => one)
    .slice(0, OBSTACLES_MAX);
}

/**
 * What a cluster shows of the versions of a service.
 * @param named what only one kind of cluster tells
 */
export function stateOf(
  versions: readonly Version[],
  named: Omit<ClusterState, "pods" | "ready" | "versions" | "obstacles">,
): ClusterState {
  const obstacles = obstaclesOf(versions);
  // A version of which no container was ever made names no image.
  const beside = versions
    .map(besideOf)
    .filter(({ components }) => components.length > 0)
    .slice(-VERSIONS_MAX);
  return {
    pods: versions.reduce((sum, { pods }) => sum + pods, 0),
    ready: versions.flatMap(({ running }) => running).filter(({ isReady }) => isReady).length,
    ...named,
    ...(beside.length < 2 ? {} : { versions: beside }),
    ...(obstacles.length === 0 ? {} : { obstacles }),
  };
}

/** The reasons of obstacles, for the end of a sentence; empty without any. */
export const becauseOf = ({ obstacles = [] }: ClusterState): string =>
  obstacles.length === 0 ? "" : `: ${[...new Set(obstacles.map(({ reason }) => reason))].join(", ")}`;

// --- what is news -----------------------------------------------------------------------------------------

/** What makes a new fact within a step: obstacles that are gone, and counts of pods, wait for the next one. */
export interface Essence {
  readonly key: string;
  readonly obstacles: readonly string[];
}

/** What is no count of pods, and no obstacle. */
export function essenceOf(occurredAt: string, shown: object, state: ClusterState): Essence {
  const { pods: _, ready: __, obstacles = [], versions = [], ...lasting } = state;
  const beside = versions.map(({ components, revision, weight }) => ({ components, revision, weight }));
  return {
    key: hashOf(JSON.stringify([occurredAt, shown, lasting, beside])),
    obstacles: obstacles.map(({ reason, component }) => `${reason} ${component ?? ""}`),
  };
}

interface Told {
  readonly step: string;
  readonly essence: Essence;
  readonly statement: object;
}

/** Whether a look adds nothing to what the same step already told. */
const isTold = (told: Told | undefined, step: string, { key, obstacles }: Essence): told is Told =>
  told?.step === step &&
  told.essence.key === key &&
  obstacles.every((one) => told.essence.obstacles.includes(one));

/** What a look of a step told of each service: nothing but news is told again within it. */
export function telling() {
  const told = new Map<string, Told>();
  return {
    statementFor(key: string, step: string, seen: Pick<Told, "essence" | "statement">): object {
      const last = told.get(key);
      if (isTold(last, step, seen.essence)) return last.statement;
      told.set(key, { step, ...seen });
      return seen.statement;
    },
    endOf(step: string): void {
      for (const [key, one] of told) if (one.step !== step) told.delete(key);
    },
  };
}
