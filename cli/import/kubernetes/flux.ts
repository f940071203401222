/**
 * What Flux remembers: the reconciliations of Kustomizations (`status.history`, of Flux 2.7 and later, five of each) and
 * the releases of HelmReleases (`status.history`), under the identities of Flux's own events.
 * Format: fluxcd/kustomize-controller, docs/spec/v1/kustomizations.md, "History"; fluxcd/helm-controller,
 * api/v2/snapshot_types.go.
 */
import * as z from "zod";
import { segment } from "../../../functions/sources/deployers/cluster.ts";
import { configOf, deploymentOf } from "../../../functions/sources/deployers/flux.ts";
import { hashOf, present } from "../../../functions/sources/payload.ts";
import type { Resource } from "../../kubernetes/cluster.ts";
import { type Item, unknown } from "../importer.ts";
import { type Origin, objectsOf } from "./origin.ts";

const metadata = z.looseObject({ name: z.string(), namespace: z.string(), uid: z.string() });
type Named = z.infer<typeof metadata>;

interface Applied {
  readonly kind: "succeeded" | "failed";
  readonly at: string;
  readonly revision: string;
  readonly digest?: string | undefined;
  readonly reason?: string;
  readonly sequence?: number;
  /** Distinguishes what one object applied at one revision. */
  readonly key: string;
}

function statementOf({ cluster }: Origin, { name, namespace, uid }: Named, applied: Applied): Item {
  const { kind, at, revision, digest, reason, sequence, key } = applied;
  return {
    is: "statement",
    statement: {
      kind: `deployment.${kind}`,
      source: `/import/flux/${segment(cluster)}/${segment(namespace)}`,
      id: `${uid}/${hashOf(kind, revision, at, key)}`,
      occurredAt: at,
      environment: `${cluster}/${namespace}`,
      service: name,
      cluster,
      deployment: deploymentOf(cluster, uid, revision),
      components: [{ component: "main" }],
      config: [configOf(revision, digest)],
      ...present<string | number>({ reason, sequence }),
    },
  };
}

// --- Kustomizations ----------------------------------------------------------------------------------------

const Reconciled = z.looseObject({
  digest: z.string(),
  firstReconciled: z.string(),
  lastReconciledStatus: z.string(),
  metadata: z.looseObject({ revision: z.string().optional() }).nullish(),
});
const Kustomization = z.looseObject({
  metadata,
  status: z
    .looseObject({
      history: z.array(Reconciled).nullish(),
      lastAppliedRevision: z.string().optional(),
    })
    .default({}),
});

const SUCCEEDED = "ReconciliationSucceeded";

/** One entry is one state of the manifests with one result: it was reached first at `firstReconciled`. */
function* ofKustomization(origin: Origin, { metadata: named, status }: z.infer<typeof Kustomization>) {
  const history = status.history ?? [];
  for (const { digest: key, firstReconciled: at, lastReconciledStatus: result, ...entry } of [
    ...history,
  ].reverse()) {
    const revision = entry.metadata?.revision;
    if (revision === undefined) continue;
    const isDone = result === SUCCEEDED;
    yield statementOf(origin, named, {
      kind: isDone ? "succeeded" : "failed",
      at,
      revision,
      key,
      ...(isDone ? {} : { reason: result }),
    });
  }
  if (history.length === 0 && status.lastAppliedRevision !== undefined)
    yield unknown(
      "when the revision of a Kustomization was applied (Flux remembers that since 2.7)",
      `${named.namespace}/${named.name}`,
    );
}

export async function* kustomizations(origin: Origin): AsyncGenerator<Item> {
  const resource = { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations" };
  for await (const one of objectsOf(origin, resource, Kustomization)) yield* ofKustomization(origin, one);
}

// --- HelmReleases ------------------------------------------------------------------------------------------

const Snapshot = z.looseObject({
  version: z.int(),
  status: z.string(),
  chartVersion: z.string(),
  lastDeployed: z.string(),
  ociDigest: z.string().optional(),
});
const HelmRelease = z.looseObject({
  metadata,
  status: z.looseObject({ history: z.array(Snapshot).nullish() }).default({}),
});

const KIND_OF_STATUS: ReadonlyMap<string, Applied["kind"]> = new Map([
  ["deployed", "succeeded"],
  ["superseded", "succeeded"],
  ["failed", "failed"],
]);

function* ofHelmRelease(origin: Origin, { metadata: named, status }: z.infer<typeof HelmRelease>) {
  for (const one of [...(status.history ?? [])].reverse()) {
    const kind = KIND_OF_STATUS.get(one.status);
    const { chartVersion: revision, lastDeployed: at, ociDigest: digest, version: sequence } = one;
    if (kind !== undefined)
      yield statementOf(origin, named, { kind, at, revision, digest, sequence, key: String(sequence) });
  }
}

/** The versions of its API that have a history. */
const VERSIONS: readonly Resource[] = ["v2", "v2beta2"].map((version) => ({
  group: "helm.toolkit.fluxcd.io",
  version,
  plural: "helmreleases",
}));

export async function* helmReleases(origin: Origin): AsyncGenerator<Item> {
  for (const resource of VERSIONS) {
    let count = 0;
    for await (const one of objectsOf(origin, resource, HelmRelease)) {
      count += 1;
      yield* ofHelmRelease(origin, one);
    }
    if (count > 0) return;
  }
}
