/**
 * Clusters: payloads from Kubernetes tools do not name their cluster, so the sender names it in a header with a constant
 * value.
 */

import type { Mapped } from "../../../schemas/mapped.ts";
import { name } from "../../../schemas/scalars.ts";
import { rejected } from "../payload.ts";

const HEADER = "X-Asof-Cluster";

/** The cluster's name in the header; undefined if it is missing or not a valid name. */
export function clusterOf(headers: Headers): string | undefined {
  const { success, data } = name.safeParse(headers.get(HEADER));
  return success ? data : undefined;
}

export const withoutCluster = (raw: unknown): Mapped =>
  rejected(`the header ${HEADER} is missing: configure the sender to name its cluster in it, like eu-1`, raw);

/** A name as a path segment of a source, which is a URI reference. */
export const segment = (name: string): string => encodeURIComponent(name.toWellFormed());
