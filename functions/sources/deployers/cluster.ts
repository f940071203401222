/**
 * Clusters: no payload of Kubernetes' world names the one it comes from, so the sender says it, in a header of its own
 * that never changes.
 */

import type { Mapped } from "../../../schemas/mapped.ts";
import { name } from "../../../schemas/scalars.ts";
import { rejected } from "../payload.ts";

const HEADER = "X-Asof-Cluster";

/** The sender's cluster, as it calls it; undefined where it does not, or where that is no name. */
export function clusterOf(headers: Headers): string | undefined {
  const { success, data } = name.safeParse(headers.get(HEADER));
  return success ? data : undefined;
}

export const withoutCluster = (raw: unknown): Mapped =>
  rejected(`the header ${HEADER} is missing: have the sender name its cluster in it, like eu-1`, raw);

/** A name as a part of a source, which is a URI reference. */
export const segment = (name: string): string => encodeURIComponent(name.toWellFormed());
