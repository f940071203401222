/** The workloads of a cluster: pods by their owner, and those of one owner by the template that they were made from. */
import type { Running } from "../../../functions/sources/deployers/pods.ts";
import { type ObservedPod, type Owner, REVISIONS, type Setting } from "./objects.ts";

/** Pods of one template. */
export interface PodVersion {
  readonly template: string;
  readonly pods: readonly ObservedPod[];
  readonly running: readonly Running[];
  /** When its first pod was created. */
  readonly createdAt: string;
  readonly revision: string | undefined;
  readonly weight: number | undefined;
}

export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** It runs to its end: its last run is what is shown of it. */
  readonly isRun: boolean;
  readonly owner: Owner | undefined;
  /** The oldest first. Pods that are being deleted are left out. */
  readonly versions: readonly PodVersion[];
  readonly settings: readonly {
    readonly kind: "ConfigMap" | "Secret";
    readonly name: string;
    readonly revision: string;
  }[];
}

/** Owners by kind, namespace and name. */
export type Owners = ReadonlyMap<string, Owner>;
export const ownerKey = (kind: string, namespace: string, name: string): string =>
  `${kind} ${namespace}/${name}`;

export interface Surroundings {
  readonly owners: Owners;
  /** By `ConfigMap namespace/name`. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly weightOf: (pods: {
    readonly namespace: string;
    readonly workload: string;
    readonly template: string;
    readonly labels: Readonly<Record<string, string>>;
  }) => number | undefined;
}

/**
 * The workload of a pod: none without an owner. A Job is one run of what made it, like a CronJob; one that nothing made is a
 * run of its own name, without the part that the server adds to a name that is to be a new one (`generateName`).
 */
function workloadOf({ namespace, owner, workload: { kind, name } }: ObservedPod, owners: Owners) {
  if (owner?.kind === "Job") {
    const job = owners.get(ownerKey("Job", namespace, owner.name));
    const by = job?.owner ?? (job === undefined ? undefined : { kind: "Job", name: job.family });
    return by === undefined ? undefined : { namespace, kind: by.kind, name: by.name, isRun: true };
  }
  return name === undefined || kind === undefined ? undefined : { namespace, kind, name, isRun: false };
}

/** The pods of the newest run. */
function newestRun(pods: readonly ObservedPod[]): readonly ObservedPod[] {
  const newest = pods.reduce((a, b) => (b.createdAt >= a.createdAt ? b : a));
  return pods.filter(({ owner }) => owner?.name === newest.owner?.name);
}

function versionOf(
  pods: readonly ObservedPod[],
  template: string,
  name: string,
  around: Surroundings,
): PodVersion {
  const [first] = pods;
  const namespace = first?.namespace ?? "";
  const set = around.owners.get(ownerKey("ReplicaSet", namespace, first?.owner?.name ?? ""));
  return {
    template,
    pods,
    running: pods.flatMap(({ running }) => running ?? []),
    createdAt: pods.map(({ createdAt }) => createdAt).reduce((a, b) => (b < a ? b : a)),
    revision: REVISIONS.flatMap((one) => set?.annotations[one] ?? [])[0],
    weight: around.weightOf({ namespace, workload: name, template, labels: first?.labels ?? {} }),
  };
}

function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

const isSettingKind = (kind: string | undefined): kind is "ConfigMap" | "Secret" =>
  kind === "ConfigMap" || kind === "Secret";

function settingsOf(
  pods: readonly ObservedPod[],
  namespace: string,
  { settings }: Surroundings,
): Workload["settings"] {
  const names = [...new Set(pods.flatMap((one) => one.settings))].sort();
  return names.flatMap((one) => {
    const [kind, name = ""] = one.split("/");
    const revision = settings.get(`${kind} ${namespace}/${name}`)?.revision;
    return isSettingKind(kind) && revision !== undefined ? [{ kind, name, revision }] : [];
  });
}

/** Whatever the order of the pods, the same workloads in the same order. */
export function workloadsOf(pods: Iterable<ObservedPod>, around: Surroundings): Workload[] {
  const live = [...pods]
    .filter(({ isBeingDeleted }) => !isBeingDeleted)
    .flatMap((one) => {
      const workload = workloadOf(one, around.owners);
      return workload === undefined ? [] : [{ one, workload }];
    });
  const groups = grouped(live, ({ workload: { kind, namespace, name } }) => ownerKey(kind, namespace, name));
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, found]) => {
      const [first] = found;
      if (first === undefined) return [];
      const sorted = found.map(({ one }) => one).sort((a, b) => (a.name < b.name ? -1 : 1));
      const all = first.workload.isRun ? newestRun(sorted) : sorted;
      const versions = [...grouped(all, ({ template }) => template)]
        .map(([template, own]) => versionOf(own, template, first.workload.name, around))
        .sort((a, b) => (`${a.createdAt} ${a.template}` < `${b.createdAt} ${b.template}` ? -1 : 1));
      const settings = settingsOf(all, first.workload.namespace, around);
      return [{ ...first.workload, owner: around.owners.get(key), versions, settings }];
    });
}
