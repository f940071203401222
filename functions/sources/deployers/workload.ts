/**
 * Workloads and their containers, and how components are named after them: a single container is `main`; containers of
 * one workload have their own names; with several workloads, a component has the workload's name, followed by the
 * container's name if the workload has several.
 */
import { fold } from "../../../schemas/scalars.ts";
import { partsOf } from "../image.ts";

/** An object that runs pods: a Deployment, a StatefulSet. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One container of a workload, with its image. */
export interface Container {
  readonly workload: Workload;
  readonly container: string;
  readonly image: string;
}

/** For each item, the first of its possible names that is unique among all, else the last. Names compare without case. */
export function namesBy<T>(items: readonly T[], ...ways: readonly ((item: T) => string)[]): string[] {
  const tried = ways.map((way) => items.map((item) => way(item)));
  const counted = tried.map((names) => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(fold(name), (counts.get(fold(name)) ?? 0) + 1);
    return names.map((name) => ({ name, isAlone: counts.get(fold(name)) === 1 }));
  });
  return items.map((_, n) => {
    const named = counted.flatMap((names) => names[n] ?? []);
    return (named.find(({ isAlone }) => isAlone) ?? named.at(-1))?.name ?? "";
  });
}

const keyOf = ({ kind, namespace, name }: Workload): string => `${namespace}/${kind}/${name}`;

/** The kinds of Kubernetes and Argo that run pods. */
const RUNNING_KINDS: ReadonlySet<string> = new Set([
  "CronJob",
  "DaemonSet",
  "Deployment",
  "Job",
  "Pod",
  "ReplicaSet",
  "Rollout",
  "StatefulSet",
]);
export const runsPods = ({ kind }: { kind: string }): boolean => RUNNING_KINDS.has(kind);

/** The distinct workloads. */
export const distinct = (workloads: readonly Workload[]): Workload[] => [
  ...new Map(workloads.map((one) => [keyOf(one), one])).values(),
];

/**
 * Containers as components of a deployment.
 * @param others workloads of the same service that are not deployed now, so that names are the same as in a full deployment
 */
export function componentsOf(containers: readonly Container[], others: readonly Workload[] = []) {
  const workloads = distinct([...containers.map(({ workload }) => workload), ...others]);
  const names = namesBy(
    workloads,
    ({ name }) => name,
    ({ kind, name }) => `${kind}/${name}`,
    keyOf,
  );
  const nameOf = new Map(workloads.map((one, n) => [keyOf(one), names[n] ?? one.name]));
  const isOnly = workloads.length === 1;
  // Counted beforehand: with very many containers, comparing each with all others would take minutes.
  const counts = new Map<string, number>();
  for (const { workload } of containers) counts.set(keyOf(workload), (counts.get(keyOf(workload)) ?? 0) + 1);
  return containers.map(({ workload, container, image }) => {
    const own = counts.get(keyOf(workload)) === 1 ? [] : [container];
    const path = isOnly ? own : [nameOf.get(keyOf(workload)) ?? workload.name, ...own];
    return { component: path.join("/") || "main", ...partsOf(image) };
  });
}
