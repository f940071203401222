/** What a cluster shows of a workload beside its images: pods, or tasks of Amazon ECS. It informs readers, and decides no answer. */
import * as z from "zod";
import { observedComponent } from "./component.ts";
import { hash, name, sha, text, time } from "./scalars.ts";

const count = z.int().nonnegative();

/** Pods of one template. */
const version = z.strictObject({
  components: z.array(observedComponent).min(1).max(64),
  pods: count,
  ready: count,
  /** Since when its first pod runs; absent: none does. */
  since: time.exactOptional(),
  /** `deployment.kubernetes.io/revision` of its ReplicaSet; `family:revision` of its task definition. */
  revision: text(64).exactOptional(),
  /** Its part of the traffic in percent, where a Rollout or a VirtualService sets one. */
  weight: z.number().min(0).max(100).exactOptional(),
});

export const clusterState = z.strictObject({
  pods: count,
  ready: count,
  desired: count.exactOptional(),
  /** `deployment.kubernetes.io/revision` of the Deployment; `family:revision` of the service's task definition. */
  revision: text(64).exactOptional(),
  /** `app.kubernetes.io/version`. */
  version: text(128).exactOptional(),
  /** The commit that an annotation names. */
  commit: sha.exactOptional(),
  /** In the middle of a rollout: what stands side by side, the oldest first. */
  versions: z.array(version).min(2).max(8).exactOptional(),
  /** What stands in the way of pods, in the cluster's own words, like `CrashLoopBackOff`. */
  obstacles: z
    .array(z.strictObject({ reason: text(64), component: name.exactOptional(), pods: count }))
    .min(1)
    .max(16)
    .exactOptional(),
  /** The ConfigMaps and Secrets that the pods use: a hash of the object's identity and version, not of its content. */
  settings: z
    .array(z.strictObject({ kind: z.enum(["ConfigMap", "Secret"]), name: text(253), revision: hash }))
    .min(1)
    .max(64)
    .exactOptional(),
});
export type ClusterState = z.infer<typeof clusterState>;
