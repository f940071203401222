/**
 * Helm: releases, as `helm status -o json` prints one, or as Helm stores them in the cluster: Secrets (or ConfigMaps),
 * one for each revision, as `kubectl get secrets -l owner=helm -o json` prints them. The stored revisions of a release
 * are its history; posting them all records what was deployed before the ledger existed.
 *
 * Key: namespace, name, revision, its time (after an uninstall, revisions start at 1 again), and its result. A
 * `superseded` revision was `deployed` earlier and gives the same statement, so reading it again is a duplicate. The
 * time is the start of the deployment: Helm stores no other.
 * Proof: none in the payload; the endpoint requires a writer's token.
 * Quarantined are only a release's name, revision and status: its values, manifests and notes may contain passwords, and
 * Helm still has them. Only its images get into facts. Hooks are not part of what runs.
 * Not in the payload: commits; digests, unless values pin them; the actor; the cluster (`X-Asof-Cluster`); in
 * `helm status`, the chart, too. An uninstalled release is visible only if its history was kept. Helm then no longer has
 * the result of its last revision, which is recorded as started and then removed.
 * Format: helm/helm, pkg/release (`release.go`, `info.go`, `status.go`) and pkg/storage/driver.
 */
import { gunzipSync } from "node:zlib";
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import {
  endingOf,
  ignored,
  MAX_EVENTS,
  maybeText,
  present,
  quoted,
  readJson,
  rejected,
  said,
} from "../payload.ts";
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

/** Maximum size of an unpacked release: its chart, with every template, and its manifests. */
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

/** What is quarantined of an unreadable object: its name, and none of its content. */
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

/** Helm stores base64 of gzip; a Secret's data are base64-encoded once more. */
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

/** A failed first install becomes `superseded` by the upgrade that fixes it; its description stays. */
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
    return [ignored(`the status ${quoted(parsed.data.info.status)} does not describe what runs`, raw)];
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
    sequence: version,
    environment: `${cluster}/${namespace}`,
    service: name,
    deployment: { provider: "helm", instance: `${cluster}/${namespace}`, id: revision },
    cluster,
    namespace,
  };
  // An uninstall removes the release, also where the revision that it names never came to run.
  if (kind === "deployment.removed") return said({ ...common, scope: "service" }, raw);
  const containers = containersIn(manifest, namespace);
  if (containers === undefined) return rejected("manifest: must be YAML, and not too long", raw);
  const config = chart && [{ revision: chart.metadata.version, path: chart.metadata.name }];
  // An uninstall overwrites the description, and a start must give the same statement before and after.
  const isRollback = kind !== "deployment.started" && /^Rollback to \d+$/.test(info.description ?? "");
  return said(
    {
      ...common,
      components: containers.length === 0 ? [{ component: "main" }] : componentsOf(containers),
      ...present({ config: config ?? undefined }),
      ...present({ rollback: isRollback || undefined }),
      ...endingOf(kind, info.description),
    },
    raw,
  );
}
