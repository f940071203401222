/** Finds a command's cluster and login as kubectl does; in a pod, it uses the service account. */
import type { KubeConfig } from "@kubernetes/client-node";
import { CliError } from "../error.ts";

export interface ClusterAccess {
  /** A file. Absent: as kubectl. */
  readonly kubeconfig?: string | undefined;
  /** Absent: the current one. */
  readonly kubeContext?: string | undefined;
}

/** Throws a CliError where there is none, or not this context. @param config an empty one, of the client */
export function configured(config: KubeConfig, { kubeconfig, kubeContext }: ClusterAccess): KubeConfig {
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new CliError(`the kubeconfig cannot be read: ${cause instanceof Error ? cause.message : ""}`, {
      cause,
    });
  }
  if (kubeContext !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(kubeContext))
      throw new CliError(`--kube-context ${kubeContext}: the kubeconfig has ${known.join(", ") || "none"}`);
    config.setCurrentContext(kubeContext);
  }
  if (config.getCurrentCluster() === null)
    throw new CliError("the kubeconfig names no cluster to use: give --kube-context");
  return config;
}
