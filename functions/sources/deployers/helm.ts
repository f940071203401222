/**
 * Helm: releases, as `helm status -o json` prints one, or as Helm keeps them in the cluster: its Secrets (or ConfigMaps),
 * one for each revision, as `kubectl get secrets -l owner=helm -o json` prints them. The kept revisions of a release are
 * its history, so that posting them all fills the ledger with what was there before it.
 *
 * Key: namespace, name, revision and its time (a release that was uninstalled counts from 1 again), and what became of
 * it. A revision that is `superseded` was `deployed` in its time, and says the same then as now: reading it again is a
 * duplicate. The time is that of the beginning, for Helm keeps no other.
 * Proof: none in the payload; the door asks for a writer's token.
 * Kept aside is only what a release is, not what it holds: its values, manifests and notes may hold passwords, and Helm
 * has them still. None of them but the images gets into a fact. Hooks are no part of what runs.
 * Not in the payload: commits; digests, but where values pin them; who did it; the cluster (`X-Asof-Cluster`); in
 * `helm status` also the chart. An uninstalled release is told only where its history was kept, and then Helm has
 * forgotten what became of its last revision: that one is told to have begun, and to be gone since.
 * Format: helm/helm, pkg/release (`release.go`, `info.go`, `status.go`) and pkg/storage/driver.
 */
import { gunzipSync } from "node:zlib";
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import { ignored, MAX_EVENTS, maybeText, present, quoted, readJson, rejected, said } from "../payload.ts";
import { type Context, type Source, sourceOf } from "../source.ts";
import { clusterOf, segment, withoutCluster } from "./cluster.ts";
import { containersIn } from "./manifest-images.ts";
import { componentsOf } from "./workload.ts";

export const helm: Source = {
  vendor: "helm",
  toStatements,
  covers: [
    {
      name: "Helm",
      deploy: "releases and their history",
      digest: "where values pin it",
      time: "of the beginning",
      identity: "release, revision and its time",
      authentication: "a writer's token",
      tried: "documented shape",
    },
  ],
};

/** A release unpacked: its chart, with every template, and its manifests. */
const MAX_RELEASE_BYTES = 32 * 1024 * 1024;

const Release = z.object({
  name: z.string(),
  namespace: z.string(),
  version: z.int(),
  info: z.object({
    status: z.string(),
    last_deployed: maybeText,
    deleted: maybeText,
    description: maybeText,
  }),
  chart: z.object({ metadata: z.object({ name: z.string(), version: z.string() }) }).nullish(),
  manifest: z.string().default(""),
});
type Release = z.infer<typeof Release>;

const Kept = z.object({
  kind: z.enum(["Secret", "ConfigMap"]),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  data: z.object({ release: z.string() }),
});
type Kept = z.infer<typeof Kept>;

/** What is told of something that cannot be read: its name, and nothing of what it holds. */
const identity = { name: z.string().optional(), namespace: z.string().optional() };
const Called = z.object({ ...identity, metadata: z.object(identity).optional() }).catch({});

const List = z.object({ items: z.array(z.unknown()).max(MAX_EVENTS) });
const Kind = z.object({ kind: z.string().optional() });

function toStatements(payload: unknown, { headers }: Context): Mapped[] {
  const cluster = clusterOf(headers);
  const { data } = Kind.safeParse(payload);
  if (data?.kind === undefined) return mapRelease(payload, cluster);
  if (!data.kind.endsWith("List")) return mapKept(payload, cluster);
  const list = List.safeParse(payload);
  return list.success
    ? list.data.items.flatMap((item) => mapKept(item, cluster))
    : [rejected(faultsOf(list.error), Called.parse(payload))];
}

function mapKept(item: unknown, cluster: string | undefined): Mapped[] {
  const parsed = Kept.safeParse(item);
  if (!parsed.success) return [rejected(faultsOf(parsed.error), Called.parse(item))];
  const release = unpacked(parsed.data);
  return release.is === "json"
    ? mapRelease(release.value, cluster)
    : [rejected(`data.release: ${release.reason}`, Called.parse(item))];
}

/** Helm's own base64 of gzip; a Secret's data are base64 once more. */
function unpacked({ kind, data }: Kept): ReturnType<typeof readJson> {
  const own = kind === "Secret" ? Buffer.from(data.release, "base64").toString("latin1") : data.release;
  try {
    const bytes = gunzipSync(Buffer.from(own, "base64"), { maxOutputLength: MAX_RELEASE_BYTES });
    return readJson(bytes.toString("utf8"));
  } catch {
    return { is: "fault", reason: `must be base64 of gzip, of at most ${MAX_RELEASE_BYTES} bytes` };
  }
}

// --- a release --------------------------------------------------------------------------------------------

type Kind = `deployment.${"started" | "succeeded" | "failed" | "removed"}`;

const KIND_OF_STATUS: ReadonlyMap<string, Kind> = new Map([
  ["deployed", "deployment.succeeded"],
  ["superseded", "deployment.succeeded"],
  ["failed", "deployment.failed"],
  ["pending-install", "deployment.started"],
  ["pending-upgrade", "deployment.started"],
  ["pending-rollback", "deployment.started"],
  ["uninstalled", "deployment.removed"],
]);

/** A first install that failed is superseded by the upgrade that mends it; its description stays. */
const FAILED = /^(Release|Upgrade|Rollback) ".*" failed: /s;

function kindOf({ info: { status, description = "" } }: Release): Kind | undefined {
  return status === "superseded" && FAILED.test(description)
    ? "deployment.failed"
    : KIND_OF_STATUS.get(status);
}

function mapRelease(payload: unknown, cluster: string | undefined): Mapped[] {
  const parsed = Release.safeParse(payload);
  if (!parsed.success) return [rejected(faultsOf(parsed.error), Called.parse(payload))];
  const { manifest, ...raw } = parsed.data;
  if (cluster === undefined) return [withoutCluster(raw)];
  const kind = kindOf(parsed.data);
  if (kind === undefined)
    return [ignored(`the status ${quoted(parsed.data.info.status)} says nothing of what runs`, raw)];
  const kinds: readonly Kind[] = kind === "deployment.removed" ? ["deployment.started", kind] : [kind];
  return kinds.map((one) => mapRevision(one, parsed.data, cluster, raw));
}

function mapRevision(kind: Kind, release: Release, cluster: string, raw: unknown): Mapped {
  const { name, namespace, version, info, chart, manifest } = release;
  const occurredAt = kind === "deployment.removed" ? info.deleted : info.last_deployed;
  if (occurredAt === undefined) return rejected("info: the time of the status is missing", raw);
  const revision = `${name}/${version}/${info.last_deployed ?? ""}`;
  const common = {
    kind,
    source: sourceOf("helm", segment(cluster), segment(namespace)),
    id: `${revision}/${kind.slice("deployment.".length)}`,
    occurredAt,
    environment: `${cluster}/${namespace}`,
    service: name,
    deployment: { provider: "helm", instance: `${cluster}/${namespace}`, id: revision },
    cluster,
    namespace,
  };
  if (kind === "deployment.removed") return said(common, raw);
  const containers = containersIn(manifest, namespace);
  if (containers === undefined) return rejected("manifest: must be YAML, and not too long", raw);
  const config = chart && [{ revision: chart.metadata.version, path: chart.metadata.name }];
  // That of a beginning is overwritten when the release is uninstalled, and must say the same before and after.
  const isRollback = kind !== "deployment.started" && /^Rollback to \d+$/.test(info.description ?? "");
  return said(
    {
      ...common,
      components: containers.length === 0 ? [{ component: "main" }] : componentsOf(containers),
      ...present({ config: config ?? undefined }),
      ...present({ rollback: isRollback || undefined }),
    },
    raw,
  );
}
