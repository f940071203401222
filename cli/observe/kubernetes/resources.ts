/** What the observer lists and watches. The rights in `docs/kubernetes` are these, and a test compares them. */

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** A server may not have it, or a login may not read it. */
  readonly isOptional?: true;
  /** Only the metadata is asked for, and nothing is watched. */
  readonly isMetadata?: true;
}

export const PODS: Resource = { group: "", version: "v1", plural: "pods" };

/** The owners of pods, and what directs traffic to them. */
export const OWNERS: readonly Resource[] = [
  { group: "apps", version: "v1", plural: "deployments" },
  { group: "apps", version: "v1", plural: "replicasets" },
  { group: "apps", version: "v1", plural: "statefulsets" },
  { group: "apps", version: "v1", plural: "daemonsets" },
  { group: "batch", version: "v1", plural: "jobs" },
  { group: "batch", version: "v1", plural: "cronjobs" },
];
export const TRAFFIC: readonly Resource[] = [
  { group: "argoproj.io", version: "v1alpha1", plural: "rollouts", isOptional: true },
  { group: "networking.istio.io", version: "v1", plural: "virtualservices", isOptional: true },
  { group: "networking.istio.io", version: "v1", plural: "destinationrules", isOptional: true },
  { group: "", version: "v1", plural: "services", isOptional: true },
];
export const SETTINGS: readonly Resource[] = [
  { group: "", version: "v1", plural: "configmaps", isOptional: true, isMetadata: true },
  { group: "", version: "v1", plural: "secrets", isOptional: true, isMetadata: true },
];
