/**
 * What the observer lists and watches; of what is read as metadata alone, nothing is watched. The rights in
 * `docs/kubernetes` are these, and a test compares them.
 */
import type { Resource } from "../../kubernetes/cluster.ts";

export interface ObservedResource extends Resource {
  /** A server may not have it, or a login may not read it. */
  readonly isOptional?: true;
}

export const PODS: ObservedResource = { group: "", version: "v1", plural: "pods" };

/** The owners of pods, and what directs traffic to them. */
export const OWNERS: readonly ObservedResource[] = [
  { group: "apps", version: "v1", plural: "deployments" },
  { group: "apps", version: "v1", plural: "replicasets" },
  { group: "apps", version: "v1", plural: "statefulsets" },
  { group: "apps", version: "v1", plural: "daemonsets" },
  { group: "batch", version: "v1", plural: "jobs" },
  { group: "batch", version: "v1", plural: "cronjobs" },
];
export const TRAFFIC: readonly ObservedResource[] = [
  { group: "argoproj.io", version: "v1alpha1", plural: "rollouts", isOptional: true },
  { group: "networking.istio.io", version: "v1", plural: "virtualservices", isOptional: true },
  { group: "networking.istio.io", version: "v1", plural: "destinationrules", isOptional: true },
  { group: "", version: "v1", plural: "services", isOptional: true },
];
export const SETTINGS: readonly ObservedResource[] = [
  { group: "", version: "v1", plural: "configmaps", isOptional: true, isMetadata: true },
  { group: "", version: "v1", plural: "secrets", isOptional: true, isMetadata: true },
];
